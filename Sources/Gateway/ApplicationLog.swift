import AccessLog
import Bytes
package import Logging
import Transport

/// The application log: JSON Lines on standard error, one per event of the process's own life.
package struct ApplicationLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .info
    private let label: String

    package init(label: String) {
        self.label = label
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line: [UInt8] = []
        line.append("{\"ts\":\"")
        Timestamp.append(microseconds: WallClock.microseconds, to: &line)
        line.append("\",\"level\":")
        JSONText.append(string: event.level.rawValue, to: &line)
        line.append(",\"event\":")
        JSONText.append(string: label, to: &line)
        line.append(",\"msg\":")
        JSONText.append(string: event.message.description, to: &line)
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            line.append(UInt8(ascii: ","))
            JSONText.append(string: key, to: &line)
            line.append(UInt8(ascii: ":"))
            Self.append(value, to: &line)
        }
        line.append("}\n")
        StandardError.write(line)
    }

    private static func append(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string(let text): JSONText.append(string: text, to: &line)
        case .stringConvertible(let number as Int): line.append(decimal: number)
        case .stringConvertible(let other): JSONText.append(string: other.description, to: &line)
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(value, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let values):
            line.append(UInt8(ascii: "{"))
            for (index, entry) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                JSONText.append(string: entry.key, to: &line)
                line.append(UInt8(ascii: ":"))
                append(entry.value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }
}
