/// Tells names of files and variables from what should stand in them, so that messages do not repeat a secret that was
/// written in the wrong place.
enum SourceName {
    /// Whether a message may show `text` as the name of an environment variable.
    static func isVariable(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            }
    }

    /// Whether a message may show `text` as a path: it is neither PEM nor JSON.
    static func isPath(_ text: String) -> Bool {
        text.utf8.count <= 4096 && !text.hasPrefix("{") && !text.contains("-----BEGIN")
            && !text.unicodeScalars.contains { $0.properties.generalCategory.isUnprintable }
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isUnprintable: Bool {
        switch self {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
        default: false
        }
    }
}
