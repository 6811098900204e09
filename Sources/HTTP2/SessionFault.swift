/// Why this side ended a connection by itself.
package enum SessionFault: Equatable, Sendable {
    /// The first bytes were not those of HTTP/2 (RFC 9113 section 3.4).
    case notHTTP2
    /// The other side broke the protocol; the code is what it was told.
    case violation(ErrorCode)
    /// Streams were reset too often.
    case tooManyResets
    /// Frames cost more than they did.
    case tooCostly
    /// There was no memory.
    case noResources

    /// In words for a log.
    package var description: String {
        switch self {
        case .notHTTP2: "not HTTP/2"
        case .violation(let code): "violation of the protocol: \(code.name)"
        case .tooManyResets: "too many streams were reset"
        case .tooCostly: "too many frames without use"
        case .noResources: "out of memory"
        }
    }
}
