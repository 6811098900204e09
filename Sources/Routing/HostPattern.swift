/// The hosts that a route is for, in the canonical form of request hosts: lower case, no port, no trailing dot.
package enum HostPattern: Sendable, Hashable, CustomStringConvertible {
    case exact(String)
    /// `*.` and this: any name with one label more.
    case wildcard(String)

    /// Why a host is refused.
    package enum Failure: Error, Equatable {
        case empty
        case hasPort
        case badCharacter
        case badLabel
        case badWildcard
        case tooLong

        /// What is wrong, for people.
        package var message: String {
            switch self {
            case .empty: "a host is not empty; leave the key out to match every host"
            case .hasPort: "a host is written without its port"
            case .badCharacter:
                "a host consists of letters, digits, \"-\", \"_\" and \".\" (other scripts as \"xn--…\")"
            case .badLabel: "each label of a host has 1 to 63 characters"
            case .badWildcard: "a wildcard stands for the first label: \"*.example.com\""
            case .tooLong: "a host has at most 253 characters"
            }
        }
    }

    /// Parses `text`, such as `api.example.com`, `*.example.com`, `192.0.2.1` or `[2001:db8::1]`.
    ///
    /// - Throws: `Failure`, if no request could have such a host.
    package init(_ text: String) throws(Failure) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw .badCharacter }
        var name = Substring(text.lowercased())
        if name.first == "[" {
            guard let close = name.firstIndex(of: "]") else { throw .badCharacter }
            guard name.index(after: close) == name.endIndex else { throw .hasPort }
            let inner = name.dropFirst().dropLast()
            guard !inner.isEmpty, inner.utf8.allSatisfy({ $0.hexadecimalOrColonOrDot }) else { throw .badCharacter }
            self = .exact(String(name))
            return
        }
        if name.last == "." { name.removeLast() }
        let isWildcard = name.hasPrefix("*.")
        if isWildcard { name.removeFirst(2) }
        if name.contains("*") { throw .badWildcard }
        if name.contains(":") { throw .hasPort }
        guard name.utf8.count <= 253 else { throw .tooLong }
        guard name.utf8.allSatisfy({ $0.isUnreserved && $0 != UInt8(ascii: "~") }) else { throw .badCharacter }
        for label in name.split(separator: ".", omittingEmptySubsequences: false)
        where label.isEmpty || label.utf8.count > 63 { throw .badLabel }
        self = isWildcard ? .wildcard(String(name)) : .exact(String(name))
    }

    /// Compares a host.
    ///
    /// - Parameter host: the host in canonical form, without a port.
    /// - Returns: whether requests for it are meant.
    package func covers(_ host: some StringProtocol) -> Bool {
        switch self {
        case .exact(let name): return host == name
        case .wildcard(let suffix):
            guard let dot = host.firstIndex(of: "."), dot > host.startIndex else { return false }
            return host[host.index(after: dot)...] == suffix
        }
    }

    package var description: String {
        switch self {
        case .exact(let name): name
        case .wildcard(let suffix): "*.\(suffix)"
        }
    }
}

extension UInt8 {
    fileprivate var hexadecimalOrColonOrDot: Bool {
        isDigit || (self | 0x20) &- UInt8(ascii: "a") < 6 || self == UInt8(ascii: ":") || self == UInt8(ascii: ".")
    }
}
