import AccessLog
package import Admin
import Bytes
package import Logging
import Synchronization
import Transport

/// The application log: JSON Lines on standard error, one per event of the process's own life.
///
/// The metadata key `event` names the kind of event and comes first. The level is one for the whole process: setting it
/// through any logger, or `level`, changes what all of them write from then on.
package struct ApplicationLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// The place of the level among all levels; at first that of `info`.
    private static let threshold = Atomic<Int>(1)

    /// From which level on lines are written; `info` at first.
    package static var level: ApplicationLogLevel {
        get { ApplicationLogLevel.allCases[threshold.load(ordering: .relaxed)] }
        set { threshold.store(ApplicationLogLevel.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    package var logLevel: Logger.Level {
        get {
            switch Self.level {
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
        }
        set { Self.level = Self.word(for: newValue) }
    }

    package init() {}

    /// Changes the level and says so, whatever the levels before and after let through.
    static func change(to new: ApplicationLogLevel) {
        let old = level
        level = new
        Self().log(
            event: LogEvent(
                level: .notice, message: "the level of the application log is changed",
                metadata: ["event": "log_level", "old": .string(old.rawValue), "new": .string(new.rawValue)],
                source: nil, file: #fileID, function: #function, line: #line))
    }

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
        Self.append(.string(Self.word(for: event.level).rawValue), to: &line)
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
    private static func word(for level: Logger.Level) -> ApplicationLogLevel {
        switch level {
        case .trace, .debug: .debug
        case .info, .notice: .info
        case .warning: .warn
        case .error, .critical: .error
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
