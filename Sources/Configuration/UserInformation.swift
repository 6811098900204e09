/// Finds the user name and password of URLs (RFC 3986 §3.2.1), which no message shows.
enum UserInformation {
    /// The URL with `***` in the place of its user information; nil if `text` is no URL with any.
    ///
    /// All up to the last `@` counts, since passwords hold `/`, `?` and `#` that were not escaped.
    static func masked(in text: String) -> String? {
        guard let scheme = text.firstRange(of: "://"), let end = text.lastIndex(of: "@"), scheme.upperBound < end,
            !text[scheme.upperBound...].hasPrefix("unix:"),
            text[..<scheme.lowerBound].utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: " ") })
        else { return nil }
        return text[..<scheme.upperBound] + "***" + text[end...]
    }
}
