import Bytes
import HTTP
import Outbound
import Passwords
import Routing

/// What a string of the file must look like.
enum StringForm: Sendable {
    /// Anything but the empty string.
    case text
    /// Anything.
    case anyText
    /// Letters, digits, `.`, `_` and `-`.
    case name
    /// A scope token (RFC 6749 §3.3).
    case scope
    /// The unique name of a route.
    case routeID
    case path
    case host
    case method
    /// Text that needs no escapes in a quoted string (RFC 9110 §5.6.4).
    case realm
    /// A field value for `Host`, or `upstream`.
    case upstreamHost
    /// A name or an address, without a port.
    case hostName
    case file
    case address
    case serverURL
    /// How clients name a listener.
    case externalURL
    /// An address, a range of addresses, or `unix:`.
    case proxy
    /// A path in canonical form without a slash at its end, that begins with a slash.
    case prefix
    /// The name of a field.
    case fieldName
    /// The name of a field without a meaning of its own.
    case ownFieldName
    /// An origin as browsers write it, `null`, or `*`.
    case origin
    /// The name of a subprotocol of WebSockets: a token (RFC 6455 §4.1, RFC 9110 §5.6.2) that is not long.
    case subprotocol
    /// The name of a cookie: a token (RFC 6265 §4.1.1) that is not long.
    case cookieName
    /// The URL of a service that the gateway itself asks.
    case serviceURL
    /// `environment`, `none`, or the URL of a proxy.
    case proxyChoice
    /// The hash of an API key.
    case keyHash
    /// A point in time (RFC 3339).
    case time
    /// A path that the gateway answers itself: nothing in it has another reading.
    case builtInPath
    /// The name of a user, or the identifier of a client.
    case accountName
    /// What is kept of a password.
    case passwordHash
    case duration(TextRange<Duration>)
    /// A size; `unlimited` may be written where `orUnlimited`.
    case size(TextRange<Int>, orUnlimited: Bool = false)

    /// How long the name of a subprotocol or a cookie may be, in bytes.
    private static let longestToken = 64

    /// What is wrong with `text`, or nil.
    func problem(in text: String) -> ValueProblem? {
        do throws(ValueProblem) {
            try check(text)
            return nil
        } catch {
            return error
        }
    }

    /// Whether the text of an address or URL has what looks like a user name or password, which no message shows.
    static func holdsUser(_ text: String) -> Bool {
        text.contains("@") && !text.hasPrefix("unix:") && !text.hasPrefix("http://unix:")
    }

    /// Whether `text` is or holds what should not stand in a string of this form and is not shown.
    func holdsSecret(_ text: String) -> Bool {
        switch self {
        case .file: !SourceName.isPath(text)
        // Perhaps the key itself.
        case .keyHash: KeyHashText.parse(text) == nil
        // Perhaps a token.
        case .subprotocol, .cookieName: text.utf8.count > Self.longestToken
        case .address, .serverURL, .externalURL, .upstreamHost, .hostName, .proxy: Self.holdsUser(text)
        default: UserInformation.masked(in: text) != nil
        }
    }

    private func check(_ text: String) throws(ValueProblem) {
        if text.isEmpty {
            if case .anyText = self { return }
            throw ValueProblem(message: "this must not be empty")
        }
        switch self {
        case .address, .upstreamHost, .hostName, .proxy:
            if Self.holdsUser(text) { throw ValueProblem(message: "an address has no user name or password") }
        default: break
        }
        switch self {
        case .text, .anyText: break
        case .file:
            if text.utf8.contains(0) { throw ValueProblem(message: "a path has no NUL character") }
        case .name:
            try require(text, "a name consists of letters, digits, \".\", \"_\" and \"-\"") { $0.isNameCharacter }
        case .routeID:
            try require(text, "an id consists of letters, digits and \".\", \"_\", \"-\", \":\", \"/\"") {
                $0.isNameCharacter || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/")
            }
            if text.hasPrefix("gateway.") {
                throw ValueProblem(message: "ids that start with \"gateway.\" are reserved for built-in paths")
            }
        case .scope:
            try require(text, "a scope is printable ASCII without spaces, \"\\\"\" and \"\\\\\" (RFC 6749)") {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
        case .realm:
            try require(text, "a realm is printable ASCII without \"\\\"\" and \"\\\\\"") {
                (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
        case .path: _ = try RoutePattern(checking: text)
        case .host: _ = try HostPattern(checking: text)
        case .method: _ = try Method(checking: text)
        case .upstreamHost:
            if case .unix = try AddressText.parse(text, ports: 1...65535, defaultPort: 80) {
                throw ValueProblem(message: "a Host is a name or an address, with or without a port")
            }
        case .hostName: _ = try AddressText.parseHost(text)
        case .address: _ = try AddressText.parse(text, ports: 0...65535)
        case .serverURL: _ = try ServerURLText.parse(text)
        case .externalURL: _ = try ExternalURLText.parse(text)
        case .proxy:
            guard text == "unix:" || AddressRange(text.utf8.span) != nil else {
                throw ValueProblem(
                    message: "\"\(text)\" is not an address or a range of addresses, such as \"10.0.0.0/8\" or \"::1\"")
            }
        case .serviceURL: _ = try ServiceURL(checking: text)
        case .proxyChoice: _ = try ProxyChoice(checking: text)
        case .fieldName, .ownFieldName, .origin, .subprotocol, .cookieName, .keyHash, .time, .builtInPath, .accountName,
            .passwordHash:
            try checkAccess(text)
        case .prefix: try RewriteConfiguration.checkPrefix(text)
        case .duration(let range): _ = try QuantityText.duration.parse(text, in: range)
        case .size(let range, let orUnlimited):
            if orUnlimited && text == "unlimited" { return }
            _ = try QuantityText.size.parse(text, in: range)
        }
    }

    /// The forms of what says who somebody is, and where from.
    private func checkAccess(_ text: String) throws(ValueProblem) {
        switch self {
        case .fieldName, .ownFieldName:
            try require(text, "the name of a field consists of letters, digits and \"-\" here") { $0.isFieldCharacter }
            if case .ownFieldName = self, FieldName(text.utf8.span) != nil {
                throw ValueProblem(message: "the field \"\(text)\" already has a meaning")
            }
        case .origin: try OriginText.check(text)
        case .subprotocol: try requireToken(text, "a subprotocol")
        case .cookieName: try requireToken(text, "the name of a cookie")
        case .keyHash:
            guard KeyHashText.parse(text) != nil else {
                throw ValueProblem(
                    message: "a hash is \"sha256:\" and 64 hexadecimal digits in lower case; \"gateway token api-key\" "
                        + "makes a key and prints it")
            }
        case .time:
            guard TimeText.parse(text) != nil else {
                throw ValueProblem(message: "\"\(text)\" is not a time, such as \"2027-01-31T00:00:00Z\" (RFC 3339)")
            }
        case .builtInPath:
            _ = try RoutePattern(checking: text)
            try require(text, "a built-in path consists of letters, digits, \".\", \"_\", \"-\" and \"/\"") {
                $0.isNameCharacter || $0 == UInt8(ascii: "/")
            }
        case .accountName:
            guard text.utf8.count <= 256, !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else { throw ValueProblem(message: "a name has at most 256 bytes and no control characters") }
        case .passwordHash: _ = try PasswordHash(checking: text)
        default: break
        }
    }

    private func requireToken(_ text: String, _ what: String) throws(ValueProblem) {
        guard text.utf8.count <= Self.longestToken else {
            throw ValueProblem(message: "\(what) has at most \(Self.longestToken) characters")
        }
        try require(text, "\(what) consists of letters, digits and \"!#$%&'*+-.^_`|~\" (RFC 9110)") {
            $0.isTokenCharacter
        }
    }

    private func require(_ text: String, _ message: String, _ isAllowed: (UInt8) -> Bool) throws(ValueProblem) {
        guard let offset = text.utf8.enumerated().first(where: { !isAllowed($1) })?.offset else { return }
        throw ValueProblem(message: message, offset: offset)
    }
}

extension UInt8 {
    fileprivate var isNameCharacter: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    fileprivate var isTokenCharacter: Bool { isNameCharacter || "!#$%&'*+^`|~".utf8.contains(self) }

    fileprivate var isFieldCharacter: Bool {
        isNameCharacter && self != UInt8(ascii: ".") && self != UInt8(ascii: "_")
    }
}

extension RoutePattern {
    init(checking text: String) throws(ValueProblem) {
        do {
            try self.init(text)
        } catch {
            throw ValueProblem(message: error.message, offset: error.offset)
        }
    }
}

extension ServiceURL {
    init(checking text: String) throws(ValueProblem) {
        do {
            try self.init(text)
        } catch {
            throw ValueProblem(message: error.message)
        }
    }
}

extension PasswordHash {
    init(checking text: String) throws(ValueProblem) {
        do {
            try self.init(phc: text)
        } catch {
            throw ValueProblem(message: error.message, offset: error.offset)
        }
    }
}

extension HostPattern {
    init(checking text: String) throws(ValueProblem) {
        do {
            try self.init(text)
        } catch {
            throw ValueProblem(message: error.message)
        }
    }
}

extension Method {
    init(checking text: String) throws(ValueProblem) {
        let bytes = Array(text.utf8)
        guard let method = Method(bytes.span) else {
            throw ValueProblem(message: "\"\(text)\" is not a method")
        }
        switch method {
        case .connect, .trace: throw ValueProblem(message: "\"\(text)\" never passes the gateway")
        case .other where text.lowercased() == text || Method.standardNames.contains(text.uppercased()):
            // Methods are case-sensitive (RFC 9110 §9.1): "get" would silently match nothing.
            throw ValueProblem(message: "\"\(text)\" is not a method: case matters", suggestion: text.uppercased())
        default: self = method
        }
    }

    private static let standardNames: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE",
    ]
}
