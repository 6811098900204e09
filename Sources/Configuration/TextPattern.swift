/// Regular expressions (ECMA-262) for the forms of strings, as far as such an expression can say them.
enum TextPattern {
    static let name = "[A-Za-z0-9._-]+"
    static let scope = #"[!#-\[\]-~]+"#
    static let realm = #"[ !#-\[\]-~]+"#
    static let routeID = #"(?!gateway\.)[A-Za-z0-9._:/-]+"#
    static let file = #"[^\u0000]+"#

    /// A template of `RoutePattern`.
    static let path: String = {
        let name = "[A-Za-z_][A-Za-z0-9_]*"
        let literal =
            #"(?!(?:\.|%2[Ee]){1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?![01]|7[Ff])[0-9A-Fa-f]{2})+"#
        let segment = #"(?:\{\#(name)\}|\#(literal))"#
        let noNameTwice = #"(?!.*\{(\w+)(?:\.\.\.)?\}.*\{\1(?:\.\.\.)?\})"#
        return #"\#(noNameTwice)(?:\*|(?:/\#(segment))*(?:/(?:\#(segment)|\{\#(name)\.\.\.\})?)|(?:/\#(segment))+)"#
    }()

    /// A canonical path of literal segments (`RewriteConfiguration`).
    static let prefix: String = {
        let unreserved = "2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]"
        let character = "[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?![01]|7F|\(unreserved))[0-9A-F]{2}"
        return #"(?:/(?!\.{1,2}(?:/|$))(?:\#(character))+)+"#
    }()

    /// A host of a route (`HostPattern`).
    static let host: String = {
        let label = "[A-Za-z0-9_-]{1,63}"
        return #"(?:\[[0-9A-Fa-f:.]+\]|(?:\*\.)?(?=.{1,253}\.?$)\#(label)(?:\.\#(label))*\.?)"#
    }()

    /// A method that can pass; case matters, so that one in lower case is taken for a mistake.
    static let method: String = {
        let standard = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"]
        let anyCase = standard.map { word in word.map { "[\($0)\($0.lowercased())]" }.joined() }
        return "(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS"
            + #"|(?!(?:\#(anyCase.joined(separator: "|")))$)(?=.*[A-Z])[!#$%&'*+.^_`|~0-9A-Za-z-]+)"#
    }()

    static let address = "(?:\(unixSocket)|(?:\(authorityHost)):\(port(from: 0)))"
    static let serverURL =
        "(?:http://\(unixSocket)|https?://(?!unix:)(?:\(authorityHost))(?::\(port(from: 1)))?/?)"
    static let externalURL = "https?://(?!unix:)(?:\(authorityHost))(?::\(port(from: 1)))?/?"
    static let upstreamHost = "(?!unix:)(?:\(authorityHost))(?::\(port(from: 1)))?"
    static let hostName = "(?:\(authorityHost))"
    static let proxy =
        "(?:unix:|\(ipv4)(?:/(?:0{0,2}[0-9]|0?[12][0-9]|0?3[0-2]))?"
        + "|(?:\(ipv6))(?:/(?:0{0,2}[0-9]|0?[1-9][0-9]|1[01][0-9]|12[0-8]))?)"
    static let fieldName = "[A-Za-z0-9-]+"
    static let shortToken = "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}"
    static let keyHash = "sha256:[0-9a-f]{64}"
    static let time =
        "(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]"
        + #":(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"#

    /// An origin (`OriginText`).
    static let origin: String = {
        let host = #"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]"#
        let isDefault = "(?!http:.*:80$|https:.*:443$)"
        return #"(?:\*|null|\#(isDefault)[a-z][a-z0-9+.-]*://(?:\#(host))(?::\#(plainPort(from: 1)))?)"#
    }()

    static let builtInPath = #"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+)*(?:/|/(?!\.{1,2}$)[A-Za-z0-9._-]+)"#
    static let accountName = #"[^\u0000-\u001F\u007F]{1,256}"#
    static let passwordHash = #"\$scrypt\$ln=1[45],r=8,p=1\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"#
    static let duration = "[0-9]+(?:ms|s|m|h|d)"
    static let size = "[0-9]+(?:B|KiB|MiB|GiB|TiB)"

    /// The URL of a service (`ServiceURL`).
    static let serviceURL =
        #"(?=.{1,2048}$)[Hh][Tt][Tt][Pp][Ss]?://\#(serviceAuthority)(?:[/?][!$%&-;=?-\[\]_a-z~]*)?"#
    static let proxyChoice = "(?:environment|none|[Hh][Tt][Tt][Pp]://\(serviceAuthority)/?)"

    private static let serviceAuthority: String = {
        let label = "[A-Za-z0-9_-]{1,63}"
        let name = #"(?=[^:/?]{1,253}(?:[:/?]|$))(?:\#(label)\.)*(?![0-9])\#(label)"#
        let end = "(?=[/?]|$)"
        let portPart = ":(?=[0-9]{1,5}\(end))\(port(from: 1))"
        return #"(?:\[(?:\#(ipv6))\]|\#(ipv4)|\#(name))(?:\#(portPart))?\#(end)"#
    }()

    private static let unixSocket = #"unix:[^\u0000]{1,107}"#

    private static let authorityHost: String = {
        let label = "[A-Za-z0-9_-]{1,63}"
        let end = "(?:[:/]|$)"
        return #"\[(?:\#(ipv6))\]|\#(ipv4)|(?=[A-Za-z0-9_.-]{1,253}\.?\#(end))(?:\#(label)\.)*"#
            + #"(?![0-9]+\.?\#(end))\#(label)\.?"#
    }()

    private static func port(from lowest: Int) -> String {
        "0*\(plainPort(from: lowest))"
    }

    private static func plainPort(from lowest: Int) -> String {
        let short = lowest == 0 ? "[0-9]{1,4}" : "[1-9][0-9]{0,3}"
        return "(?:\(short)|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
    }

    private static let ipv4: String = {
        let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
        return #"\#(octet)(?:\.\#(octet)){3}"#
    }()

    /// `IPv6address` of RFC 3986 §3.2.2.
    private static let ipv6: String = {
        let group = "[0-9A-Fa-f]{1,4}"
        let last = "(?:\(group):\(group)|\(ipv4))"
        let full = "(?:\(group):){6}\(last)"
        let tails = (0...5).reversed().map { "(?:\(group):){\($0)}\(last)" } + [group, ""]
        let shortened = tails.enumerated().map { before, tail in
            let head = before == 0 ? "" : "(?:(?:\(group):){0,\(before - 1)}\(group))?"
            return "\(head)::\(tail)"
        }
        return ([full] + shortened).joined(separator: "|")
    }()
}

extension StringForm {
    /// The name of the form in the schema.
    var schemaName: String {
        switch self {
        case .text: "text"
        case .anyText: "any_text"
        case .name: "name"
        case .scope: "scope"
        case .routeID: "route_id"
        case .path: "path"
        case .host: "host"
        case .method: "method"
        case .realm: "realm"
        case .upstreamHost: "upstream_host"
        case .hostName: "host_name"
        case .file: "file"
        case .address: "address"
        case .serverURL: "server_url"
        case .externalURL: "external_url"
        case .proxy: "proxy"
        case .prefix: "prefix"
        case .fieldName: "field_name"
        case .ownFieldName: "own_field_name"
        case .origin: "origin"
        case .subprotocol: "subprotocol"
        case .cookieName: "cookie_name"
        case .serviceURL: "service_url"
        case .proxyChoice: "proxy_choice"
        case .keyHash: "key_hash"
        case .time: "time"
        case .builtInPath: "built_in_path"
        case .accountName: "account_name"
        case .passwordHash: "password_hash"
        case .duration: "duration"
        case .size(_, let orUnlimited): orUnlimited ? "size_or_unlimited" : "size"
        }
    }

    /// What the whole string matches; nil for any string but the empty one.
    var pattern: String? {
        switch self {
        case .text, .anyText: nil
        case .name: TextPattern.name
        case .scope: TextPattern.scope
        case .routeID: TextPattern.routeID
        case .path: TextPattern.path
        case .host: TextPattern.host
        case .method: TextPattern.method
        case .realm: TextPattern.realm
        case .upstreamHost: TextPattern.upstreamHost
        case .hostName: TextPattern.hostName
        case .file: TextPattern.file
        case .address: TextPattern.address
        case .serverURL: TextPattern.serverURL
        case .externalURL: TextPattern.externalURL
        case .proxy: TextPattern.proxy
        case .prefix: TextPattern.prefix
        case .fieldName, .ownFieldName: TextPattern.fieldName
        case .origin: TextPattern.origin
        case .subprotocol, .cookieName: TextPattern.shortToken
        case .serviceURL: TextPattern.serviceURL
        case .proxyChoice: TextPattern.proxyChoice
        case .keyHash: TextPattern.keyHash
        case .time: TextPattern.time
        case .builtInPath: TextPattern.builtInPath
        case .accountName: TextPattern.accountName
        case .passwordHash: TextPattern.passwordHash
        case .duration: TextPattern.duration
        case .size(_, let orUnlimited): orUnlimited ? "(?:unlimited|\(TextPattern.size))" : TextPattern.size
        }
    }

    /// Strings of this form, for whoever writes one for the first time.
    var examples: [String] {
        switch self {
        case .text, .anyText: []
        case .name: ["main"]
        case .scope: ["items:read"]
        case .routeID: ["items.read"]
        case .path: ["/items/{id}", "/files/{rest...}"]
        case .host: ["api.example.com", "*.example.com"]
        case .method: ["GET"]
        case .realm: ["api"]
        case .upstreamHost: ["upstream", "app.example.com"]
        case .hostName: ["app.example.com"]
        case .file: ["state/jwks.json"]
        case .address: ["127.0.0.1:8080", "[::1]:8080", "unix:/run/gateway.sock"]
        case .serverURL: ["http://127.0.0.1:8000", "https://app.example.com", "http://unix:/run/app.sock"]
        case .externalURL: ["https://api.example.com"]
        case .proxy: ["10.0.0.0/8", "::1", "unix:"]
        case .prefix: ["/api"]
        case .fieldName: ["Authorization"]
        case .ownFieldName: ["X-User"]
        case .origin: ["https://app.example.com", "http://localhost:3000"]
        case .subprotocol: ["bearer"]
        case .cookieName: ["session"]
        case .serviceURL: ["https://idp.example.com/introspect"]
        case .proxyChoice: ["environment", "none", "http://proxy.example.com:3128"]
        case .keyHash: ["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
        case .time: ["2027-01-31T00:00:00Z"]
        case .builtInPath: ["/token"]
        case .accountName: ["alice"]
        case .passwordHash: []
        case .duration: ["250ms", "30s", "5m"]
        case .size(_, let orUnlimited): ["16KiB"] + (orUnlimited ? ["unlimited"] : [])
        }
    }
}
