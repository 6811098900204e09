internal import Bytes
package import HTTP

/// The URL of a service that the gateway itself asks something (RFC 9110 §4.2): `http` or `https`, without user information
/// and fragment.
package struct ServiceURL: Sendable, Hashable, CustomStringConvertible {
    /// Whether it is `https`.
    package let isSecure: Bool
    /// The host in lower case, without the brackets of an IPv6 address.
    package let host: String
    /// The port, also where it is the scheme's own.
    package let port: UInt16
    /// The path and the query as they go on the request line; at least `/`.
    package let target: String

    /// How long a URL may be, in bytes.
    package static let maximumLength = 2048

    /// Reads a URL.
    ///
    /// - Parameter text: the whole URL, at most 2 048 bytes of printable ASCII.
    /// - Throws: `ServiceURLError`: what is wrong with it, for people.
    package init(_ text: String) throws(ServiceURLError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength else {
            throw ServiceURLError(message: "the URL is longer than \(Self.maximumLength) bytes")
        }
        guard !bytes.contains(where: Self.isForeign) else {
            throw ServiceURLError(
                message:
                    "the URL has a character that must be percent-encoded: a space, a quote, a backslash or the like")
        }
        guard !bytes.contains(UInt8(ascii: "#")) else { throw ServiceURLError(message: "the URL has a fragment (#)") }
        guard let scheme = bytes.span.firstIndex(of: UInt8(ascii: ":")),
            let isSecure = Self.isSecure(bytes.span.extracting(..<scheme)),
            bytes.dropFirst(scheme).starts(with: "://".utf8)
        else { throw ServiceURLError(message: "the URL does not begin with https:// or http://") }
        let rest = bytes.dropFirst(scheme + 3)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        self.isSecure = isSecure
        (host, port) = try Self.authority(rest[..<end], schemePort: isSecure ? 443 : 80)
        let path = rest[end...]
        target = (path.first == UInt8(ascii: "/") ? "" : "/") + String(decoding: path, as: UTF8.self)
        // Systems take it for this machine, though it is not one of its names.
        guard !isIn(Self.unspecified) else {
            throw ServiceURLError(message: "the host of the URL is nobody's address")
        }
    }

    /// Whether `byte` never stands in a URL (RFC 3986 §2).
    private static func isForeign(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte >= 0x7F || "\"\\<>^`{|}".utf8.contains(byte)
    }

    private static func isSecure(_ scheme: Span<UInt8>) -> Bool? {
        scheme.equalsIgnoringCase("https") ? true : scheme.equalsIgnoringCase("http") ? false : nil
    }

    // MARK: Authority

    private static func authority(
        _ text: ArraySlice<UInt8>, schemePort: UInt16
    ) throws(ServiceURLError) -> (String, UInt16) {
        guard !text.contains(UInt8(ascii: "@")) else {
            throw ServiceURLError(message: "the URL has user information (before @)")
        }
        let isBracketed = text.first == UInt8(ascii: "[")
        let hostEnd =
            isBracketed
            ? text.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : text.firstIndex(of: UInt8(ascii: ":"))
        let end = hostEnd ?? text.endIndex
        let written = Array(text[..<end])
        guard let host = isBracketed ? address(written) : name(written) else {
            throw ServiceURLError(message: "the host of the URL is malformed")
        }
        guard end < text.endIndex else { return (host, schemePort) }
        guard text[end] == UInt8(ascii: ":"), let port = port(Array(text[(end + 1)...])) else {
            throw ServiceURLError(message: "the port of the URL is not a number from 1 to 65535")
        }
        return (host, port)
    }

    private static func port(_ digits: [UInt8]) -> UInt16? {
        guard digits.count <= 5, let number = digits.span.decimalNumber, number > 0 else { return nil }
        return UInt16(exactly: number)
    }

    /// The canonical form of an IPv6 address in brackets.
    private static func address(_ text: [UInt8]) -> String? {
        guard text.count > 2, text.last == UInt8(ascii: "]") else { return nil }
        return IPAddress(ipv6: text.span.extracting(1..<text.count - 1))?.text.span.text
    }

    /// A name or an IPv4 address in lower case. What resolvers would take for an address in another notation, such as `127.1`
    /// and `0x7f000001`, is none.
    private static func name(_ text: [UInt8]) -> String? {
        guard (1...253).contains(text.count) else { return nil }
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy { byte in
                    switch byte.lowercasedASCII {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
        guard isName else { return nil }
        if let last = labels.last?.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= last,
            IPAddress.ipv4(text.span) == nil
        {
            return nil
        }
        return String(decoding: text.map(\.lowercasedASCII), as: UTF8.self)
    }

    // MARK: Parts

    /// The host as an address; nil if it is a name.
    package var address: IPAddress? { IPAddress(Array(host.utf8).span) }

    /// Whether the host is this machine: `localhost`, 127.0.0.0/8 or ::1.
    package var isLoopback: Bool {
        host == "localhost" || isIn(Self.loopback)
    }

    private func isIn(_ ranges: [AddressRange]) -> Bool {
        guard let address else { return false }
        return ranges.contains { $0.contains(address) }
    }

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange(Array($0.utf8).span) }
    private static let unspecified = ["0.0.0.0", "::"].compactMap { AddressRange(Array($0.utf8).span) }

    /// The host, in brackets if it is an IPv6 address, a colon and the port.
    package var hostAndPort: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// The host as `Host` has it: without the port if that is the scheme's own (RFC 9110 §7.2).
    package var authority: String {
        port == (isSecure ? 443 : 80) ? String(hostAndPort.dropLast(isSecure ? 4 : 3)) : hostAndPort
    }

    /// Scheme, host and port.
    package var origin: String { (isSecure ? "https://" : "http://") + authority }

    /// The whole URL in canonical form.
    package var description: String { origin + target }

    // MARK: Other URLs

    /// The URL of another resource of the same origin.
    ///
    /// - Parameter path: a path, which may have a query; begins with a slash.
    /// - Returns: the URL.
    /// - Throws: `ServiceURLError`.
    package func at(path: String) throws(ServiceURLError) -> ServiceURL {
        guard path.hasPrefix("/") else { throw ServiceURLError(message: "the path does not begin with a slash") }
        return try ServiceURL(origin + path)
    }

    /// Where a `Location` in a response from this URL leads (RFC 9110 §10.2.2); a fragment is left away.
    ///
    /// - Parameter location: an absolute URL or a path from the root on.
    /// - Returns: the URL.
    /// - Throws: `ServiceURLError`, also for other relative references (RFC 3986 §4.2).
    func following(_ location: String) throws(ServiceURLError) -> ServiceURL {
        let reference = String(location.prefix { $0 != "#" })
        guard reference.hasPrefix("/"), !reference.hasPrefix("//") else { return try ServiceURL(reference) }
        return try at(path: reference)
    }
}

/// Why a text is not the URL of a service.
package struct ServiceURLError: Error, Equatable, Sendable {
    /// What is wrong, for people.
    package let message: String

    package init(message: String) {
        self.message = message
    }
}
