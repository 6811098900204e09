import Bytes

extension String {
    /// The text with control characters escaped, so that what others wrote does nothing to a terminal.
    var printable: String {
        var bytes: [UInt8] = []
        bytes.append(jsonText: utf8.span)
        return bytes.span.text
    }
}
