/// How much the application log tells; the raw values are the words of the log and of `/log_level`.
package enum ApplicationLogLevel: String, CaseIterable, Sendable {
    case debug, info, warn, error
}
