internal import Bytes

/// What one proxy says about the request that it got: an element of the `Forwarded` field (RFC 7239 section 4).
struct ForwardedElement {
    /// Where the request came from; nil where that is hidden, unknown or not said.
    private(set) var address: IPAddress?
    private var hasNode = false
    /// The scheme that the proxy was asked with.
    private(set) var scheme: ForwardedScheme?
    /// The host that the proxy was asked for; empty where that is not said.
    private(set) var host = HostName()

    /// Reads the elements of all the lines, in order.
    ///
    /// - Parameter fields: the section of the request.
    /// - Returns: no element if any of them is malformed: what cannot be read must not be believed in part.
    static func all(in fields: borrowing Fields) -> [Self] {
        var elements: [Self] = []
        var line = fields.firstIndex(of: .forwarded)
        while let current = line {
            guard read(fields.value(at: current), into: &elements) else { return [] }
            line = fields.nextIndex(of: .forwarded, from: current + 1)
        }
        return elements
    }

    /// Appends the elements of one line.
    ///
    /// - Returns: whether it is well-formed.
    private static func read(_ text: Span<UInt8>, into elements: inout [Self]) -> Bool {
        var position = 0
        var element = Self()
        var isEmpty = true
        while true {
            position = text.skippingWhitespace(from: position)
            let isEnd = position == text.count
            if isEnd || text[position] == UInt8(ascii: ",") {
                // Empty elements of a list mean nothing (RFC 9110 section 5.6.1.2).
                if !isEmpty { elements.append(element) }
                if isEnd { return true }
                element = Self()
                isEmpty = true
                position += 1
            } else if text[position] == UInt8(ascii: ";") {
                position += 1
            } else {
                guard element.readPair(text, &position) else { return false }
                isEmpty = false
                let next = text.skippingWhitespace(from: position)
                guard next == text.count || text[next] == UInt8(ascii: ",") || text[next] == UInt8(ascii: ";") else {
                    return false
                }
            }
        }
    }

    /// Reads `token "=" ( token / quoted-string )`; escapes in a quoted string have no place in an address.
    private mutating func readPair(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        guard let equals = text.firstIndex(of: UInt8(ascii: "="), from: position), equals + 1 < text.count,
            text.extracting(position..<equals).isToken
        else { return false }
        let name = text.extracting(position..<equals)
        let quote = UInt8(ascii: "\"")
        var value = equals + 1..<equals + 1
        if text[value.lowerBound] == quote {
            guard let end = text.firstIndex(of: quote, from: equals + 2) else { return false }
            value = equals + 2..<end
            guard text.extracting(value).firstIndex(of: UInt8(ascii: "\\")) == nil else { return false }
            position = end + 1
        } else {
            position = equals + 1
            while position < text.count, CharacterSet128.token.contains(text[position]) { position += 1 }
            value = equals + 1..<position
            guard !value.isEmpty else { return false }
        }
        return take(name, text.extracting(value))
    }

    /// - Returns: false if the parameter stands twice, or its value cannot be.
    private mutating func take(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        if name.equalsIgnoringCase("for") {
            guard !hasNode else { return false }
            hasNode = true
            address = IPAddress(node: value)
        } else if name.equalsIgnoringCase("proto") {
            guard scheme == nil, let known = ForwardedScheme(value) else { return false }
            scheme = known
        } else if name.equalsIgnoringCase("host") {
            guard host.isEmpty, host.parse(value, defaultPort: 0), !host.isEmpty else { return false }
        }
        return true
    }
}

/// The scheme of the request that a client sent to the first proxy.
package enum ForwardedScheme: Sendable {
    case http
    case https

    /// - Parameter text: the scheme in any case; nil if it is another.
    init?(_ text: Span<UInt8>) {
        if text.equalsIgnoringCase("http") {
            self = .http
        } else if text.equalsIgnoringCase("https") {
            self = .https
        } else {
            return nil
        }
    }

    /// Its name in lower case.
    package var name: StaticString { self == .http ? "http" : "https" }
}

extension Span where Element == UInt8 {
    fileprivate func skippingWhitespace(from start: Int) -> Int {
        var index = start
        while index < count, self[index].isWhitespace { index += 1 }
        return index
    }
}
