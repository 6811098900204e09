import Bytes

/// How an origin is written in the file: exactly as browsers write it (RFC 6454 §6.2), since it is compared byte by byte.
enum OriginText {
    /// Checks `scheme://host` or `scheme://host:port`, `null` or `*`.
    ///
    /// - Throws: `ValueProblem` for what no browser would send.
    static func check(_ text: String) throws(ValueProblem) {
        if text == "*" || text == "null" { return }
        guard let colon = text.firstRange(of: "://"), isScheme(text[..<colon.lowerBound].utf8) else {
            throw ValueProblem(message: "an origin is a scheme and a host, such as \"https://app.example.com\"")
        }
        let (host, port) = split(text[colon.upperBound...])
        guard isHost(host.utf8) else {
            throw ValueProblem(
                message:
                    "after the scheme, an origin is a host in lower case and perhaps a port: no path, no slash at the end"
            )
        }
        guard let port else { return }
        let isDefault = text.hasPrefix("http:") && port == "80" || text.hasPrefix("https:") && port == "443"
        guard !isDefault else { throw ValueProblem(message: "browsers leave the port \(port) away here") }
        guard let number = Int(port), (1...65535).contains(number), String(number) == port else {
            throw ValueProblem(message: "\"\(port)\" is not a port")
        }
    }

    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        guard let colon = authority.lastIndex(of: ":"), authority.last != "]" else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isScheme(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, first.isLowercaseLetter else { return false }
        return bytes.allSatisfy { $0.isLowercaseLetter || $0.isDigit || "+.-".utf8.contains($0) }
    }

    private static func isHost(_ bytes: Substring.UTF8View) -> Bool {
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
            let address = bytes.dropFirst().dropLast()
            return !address.isEmpty
                && address.allSatisfy { $0.hexadecimalValue == nil ? ":.".utf8.contains($0) : $0 >= 0x61 || $0.isDigit }
        }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            !label.isEmpty && label.allSatisfy { $0.isLowercaseLetter || $0.isDigit || "_-".utf8.contains($0) }
        }
    }
}

extension UInt8 {
    fileprivate var isLowercaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
