import Bytes

/// What a server takes for the same in paths, so that one of its resources has several paths (security.md, rule 1).
package struct PathFolding: OptionSet, Hashable, Sendable {
    /// One bit for each of them.
    package let rawValue: UInt8

    /// Those whose bits are set.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Upper and lower case.
    package static let letterCase = Self(rawValue: 1)
    /// A path with and without slashes at its end.
    package static let trailingSlash = Self(rawValue: 2)

    /// Whether `fold` may make something else of the path; allocates nothing.
    package func mayChange(_ path: [UInt8]) -> Bool {
        if contains(.trailingSlash), path.count > 1, path.last == UInt8(ascii: "/") { return true }
        return contains(.letterCase) && path.contains { $0 == UInt8(ascii: "%") || $0 != $0.lowercasedASCII }
    }

    /// The one form of all paths that the server takes for `path`.
    ///
    /// - Parameter path: a canonical path.
    /// - Returns: a path to compare only with others of this form.
    package func fold(_ path: [UInt8]) -> [UInt8] {
        var folded = path
        if contains(.trailingSlash) {
            while folded.count > 1, folded.last == UInt8(ascii: "/") { folded.removeLast() }
        }
        return contains(.letterCase) ? Self.foldCase(folded) : folded
    }

    /// The same for a template; `{name}` stays as it is.
    func fold(_ pattern: RoutePattern) -> RoutePattern {
        var segments = pattern.segments
        if contains(.trailingSlash), segments.count > 1, segments.last == .literal("") { segments.removeLast() }
        if contains(.letterCase) {
            segments = segments.map { segment in
                guard case .literal(let text) = segment else { return segment }
                return .literal(String(decoding: Self.foldCase(Array(text.utf8)), as: UTF8.self))
            }
        }
        return RoutePattern(template: pattern.template, segments: segments)
    }

    /// Folds the case of ASCII letters, and of the other characters where they are escaped: some servers compare in
    /// upper case and some in lower case, so that `ſ` may be an `s`, and the Kelvin sign a `k`.
    private static func foldCase(_ path: [UInt8]) -> [UInt8] {
        var folded: [UInt8] = []
        folded.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            let (bytes, end) = bytesBeyondASCII(path, from: index)
            if bytes.isEmpty {
                folded.append(path[index].lowercasedASCII)
                index += 1
            } else {
                folded += foldCaseBeyondASCII(bytes)
                index = end
            }
        }
        return folded
    }

    /// The bytes of the escapes from `start` on that are parts of characters beyond ASCII, and where these escapes end.
    private static func bytesBeyondASCII(_ path: [UInt8], from start: Int) -> (bytes: [UInt8], end: Int) {
        var bytes: [UInt8] = []
        var index = start
        while index + 2 < path.count, path[index] == UInt8(ascii: "%"), let high = path[index + 1].hexadecimalValue,
            high >= 8, let low = path[index + 2].hexadecimalValue
        {
            bytes.append(high << 4 | low)
            index += 3
        }
        return (bytes, index)
    }

    private static func foldCaseBeyondASCII(_ bytes: [UInt8]) -> [UInt8] {
        // What is not UTF-8 has no letters.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return bytes.flatMap(\.escaped).map(\.lowercasedASCII)
        }
        var folded = ""
        for scalar in text.unicodeScalars {
            // The lower case of this one is an `i` and an accent in full, but many servers make a plain `i` of it.
            folded += scalar == "\u{130}" ? "i" : String(scalar).uppercased().lowercased()
        }
        return folded.utf8.flatMap { $0 < 0x80 ? [$0] : $0.escaped.map(\.lowercasedASCII) }
    }
}
