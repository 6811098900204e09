internal import Bytes

/// What a request is for (RFC 9112 section 3.2): the canonical path and the query as it was sent.
package struct RequestTarget: Sendable {
    /// The form in which the target was sent; the authority form is for CONNECT only, which is not implemented.
    package enum Form: Sendable { case origin, absolute, asterisk }

    /// Which of the forms of RFC 9112 section 3.2 it had.
    package private(set) var form = Form.origin
    /// The canonical path; `*` in asterisk form.
    package private(set) var path: [UInt8] = []
    /// The query as it was sent with the question mark before it; empty if there is none.
    package private(set) var query: [UInt8] = []
    /// The forms in the path that have other readings.
    package private(set) var forms: PathForms = []

    package init() {}

    /// Every path that a server may take `path` for, other than `path` itself (see `PathReading.all`).
    package func readings() -> [PathReading] { PathReading.all(of: path, forms: forms) }

    /// Appends the target in origin or asterisk form.
    package func append(to output: inout [UInt8]) {
        output.append(path.span)
        output.append(query.span)
    }

    /// Empties the target and keeps its storage.
    mutating func removeAll() {
        form = .origin
        path.removeAll(keepingCapacity: true)
        query.removeAll(keepingCapacity: true)
        forms = []
    }

    /// Reads a target into an empty value.
    ///
    /// - Parameters:
    ///   - text: the target as it was sent.
    ///   - method: the method of the request.
    /// - Returns: where the authority of an absolute form lies.
    /// - Throws: `ParseError` if it is malformed or its path has no safe reading.
    mutating func parse(_ text: Span<UInt8>, method: Method) throws(ParseError) -> TargetAuthority? {
        guard text.count > 0 else { throw .malformedRequestLine }
        switch text[0] {
        case .slash:
            try parsePathAndQuery(text)
        case UInt8(ascii: "*") where text.count == 1 && method == .options:
            form = .asterisk
            path.append(UInt8(ascii: "*"))
        default:
            guard let scheme = Self.scheme(text) else { throw .invalidTarget }
            form = .absolute
            return try parseAbsolute(text, scheme: scheme, method: method)
        }
        return nil
    }

    private mutating func parseAbsolute(
        _ text: Span<UInt8>, scheme: (length: Int, defaultPort: UInt16), method: Method
    ) throws(ParseError) -> TargetAuthority {
        var start = scheme.length
        var end = start
        while end < text.count, !Self.endsAuthority(text[end]) {
            // User information does not name the host and is not sent on (RFC 9110 section 4.2.4).
            if text[end] == UInt8(ascii: "@") {
                guard start == scheme.length, Self.isUserInformation(text.extracting(start..<end)) else {
                    throw .invalidHost
                }
                start = end + 1
            }
            end += 1
        }
        guard end > start else { throw .invalidHost }
        if end < text.count, text[end] == .slash {
            try parsePathAndQuery(text.extracting(end...))
        } else if end < text.count {
            path.append(.slash)
            try parseQuery(text.extracting(end...))
        } else if method == .options {
            // RFC 9112 section 3.2.4: no path and no query is a request for the whole server.
            form = .asterisk
            path.append(UInt8(ascii: "*"))
        } else {
            path.append(.slash)
        }
        return TargetAuthority(range: start..<end, defaultPort: scheme.defaultPort)
    }

    private mutating func parsePathAndQuery(_ text: Span<UInt8>) throws(ParseError) {
        let end = text.firstIndex(of: UInt8(ascii: "?")) ?? text.count
        forms = try PathCanonicalizer.canonicalize(text.extracting(0..<end), into: &path)
        if end < text.count { try parseQuery(text.extracting(end...)) }
    }

    /// Takes a query over; user agents leave characters unescaped there that RFC 3986 would have escaped.
    private mutating func parseQuery(_ text: Span<UInt8>) throws(ParseError) {
        for index in text.indices {
            let byte = text[index]
            guard byte != UInt8(ascii: "#") else { throw .pathFragment }
            guard byte > 0x20, byte < 0x7F else { throw .invalidTarget }
        }
        query.append(text)
    }

    private static func scheme(_ text: Span<UInt8>) -> (length: Int, defaultPort: UInt16)? {
        if text.count >= 7, text.extracting(..<7).equalsIgnoringCase("http://") { return (7, 80) }
        if text.count >= 8, text.extracting(..<8).equalsIgnoringCase("https://") { return (8, 443) }
        return nil
    }

    /// Whether the text is `userinfo` (RFC 3986 section 3.2.1).
    private static func isUserInformation(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            let byte = text[index]
            guard CharacterSet128.pathCharacter.contains(byte) || text.escapedValue(at: index) != nil else {
                return false
            }
        }
        return true
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == .slash || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }
}

/// Where the authority of a target in absolute form lies, and the default port of its scheme.
struct TargetAuthority: Sendable {
    let range: Range<Int>
    let defaultPort: UInt16
}
