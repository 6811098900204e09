import AccessLog
import Bytes
package import Logging
import Transport

/// The application log: JSON Lines on standard error, one per event of the process's own life.
///
/// The metadata key `event` names the kind of event and comes first.
package struct ApplicationLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level = .info

    package init() {}

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var values = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
        var line: [UInt8] = []
        line.append("{\"ts\":\"")
        var timestamp = Timestamp()
        timestamp.append(WallClock.microseconds, to: &line)
        line.append("\",\"level\":")
        Self.append(.string(Self.word(for: event.level)), to: &line)
        line.append(",\"event\":")
        Self.append(values.removeValue(forKey: "event") ?? "log", to: &line)
        line.append(",\"msg\":")
        Self.append(.string(event.message.description), to: &line)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            line.append(UInt8(ascii: ","))
            Self.append(.string(key), to: &line)
            line.append(UInt8(ascii: ":"))
            Self.append(value, to: &line)
        }
        line.append("}\n")
        StandardError.write(line.span)
    }

    /// The words of the access log, so that one query finds both.
    private static func word(for level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }

    private static func append(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string(let text):
            line.append(UInt8(ascii: "\""))
            line.append(jsonText: text.utf8.span)
            line.append(UInt8(ascii: "\""))
        case .stringConvertible(let number as Int): line.append(decimal: number)
        case .stringConvertible(let other): append(.string(other.description), to: &line)
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
                append(.string(entry.key), to: &line)
                line.append(UInt8(ascii: ":"))
                append(entry.value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }
}
