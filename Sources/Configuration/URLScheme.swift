/// A scheme of URLs that name a listener or a server (RFC 9110 §4.2).
package enum URLScheme: String, Sendable, CaseIterable {
    case http
    case https

    /// The port that a URL of the scheme leaves out.
    package var defaultPort: Int { self == .http ? 80 : 443 }
}

/// The host and the port of a URL that has nothing else.
struct URLAuthority {
    let address: SocketAddressConfiguration
    /// The host in lower case, with the port unless it is the scheme's own.
    let text: String

    /// - Parameters:
    ///   - authority: the part of the URL behind `//`.
    ///   - url: the whole URL, for messages.
    ///   - scheme: its scheme.
    ///   - pathProblem: what to say where a path, a query or a fragment follows.
    /// - Throws: `ValueProblem`.
    init(
        _ authority: Substring, of url: String, scheme: URLScheme, pathProblem: String
    ) throws(ValueProblem) {
        let authority = authority.hasSuffix("/") ? authority.dropLast() : authority
        if authority.contains(where: { "/?#".contains($0) }) { throw ValueProblem(message: pathProblem) }
        if authority.isEmpty { throw ValueProblem(message: "the host is missing in \"\(url)\"") }
        address = try AddressText.parse(String(authority), ports: 1...65535, defaultPort: scheme.defaultPort)
        let written = address.description
        let suffix = ":\(scheme.defaultPort)"
        text = written.hasSuffix(suffix) ? String(written.dropLast(suffix.utf8.count)) : written
    }
}

extension URLScheme {
    /// The scheme that a URL begins with, and what follows its `//`; nil if it begins with none.
    static func split(_ url: String) -> (scheme: URLScheme, rest: Substring)? {
        for scheme in allCases where url.hasPrefix("\(scheme.rawValue)://") {
            return (scheme, url.dropFirst(scheme.rawValue.utf8.count + 3))
        }
        return nil
    }
}
