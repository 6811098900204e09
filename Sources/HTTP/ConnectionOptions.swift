internal import Bytes

/// What the `Connection` fields of a message say (RFC 9110 section 7.6.1).
struct ConnectionOptions {
    /// The connection ends after this exchange.
    private(set) var close = false
    /// The connection goes on; matters in HTTP/1.0 only.
    private(set) var keepAlive = false

    /// More options than any message needs; each is looked for among all the lines.
    private static let maximumCount = 100

    /// Whether the connection goes on after a message (RFC 9112 section 9.3).
    func isPersistent(in version: Version) -> Bool {
        !close && (version == .http11 || keepAlive)
    }

    /// Reads the options and marks the lines that they name.
    ///
    /// - Parameter fields: the section of the message.
    /// - Throws: `ParseError` if there are more than a hundred options.
    init(readingFrom fields: inout Fields) throws(ParseError) {
        guard var line = fields.firstIndex(of: .connection) else { return }
        if Self.isKeepAliveAlone(fields, line: line) {
            keepAlive = true
            return
        }
        var count = 0
        var name: [UInt8] = []
        while true {
            var position = 0
            while Self.readOption(of: fields, line: line, &position, into: &name) {
                if name.isEmpty { continue }
                count += 1
                guard count <= Self.maximumCount else { throw .tooManyConnectionOptions }
                if name.span.equals("close") {
                    close = true
                } else if name.span.equals("keep-alive") {
                    keepAlive = true
                } else {
                    fields.markConnectionOption(name.span)
                }
            }
            guard let next = fields.nextIndex(of: .connection, from: line + 1) else { return }
            line = next
        }
    }

    /// Whether the fields say what most clients say.
    private static func isKeepAliveAlone(_ fields: borrowing Fields, line: Int) -> Bool {
        fields.count(of: .connection) == 1 && fields.value(at: line).equalsIgnoringCase("keep-alive")
    }

    /// Reads the next option of a line in lower case.
    ///
    /// - Returns: false behind the last.
    private static func readOption(
        of fields: borrowing Fields, line: Int, _ position: inout Int, into name: inout [UInt8]
    ) -> Bool {
        let value = fields.value(at: line)
        guard let element = value.nextListElement(&position) else { return false }
        name.removeAll(keepingCapacity: true)
        for index in element { name.append(value[index].lowercasedASCII) }
        return true
    }
}
