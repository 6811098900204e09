internal import Transport

/// Where the lines of the access log go.
package enum AccessLogOutput: Equatable, Sendable {
    case stdout
    case stderr
    /// A file that is appended to, created with mode 0640 where it does not exist.
    case file(path: String)
}

/// What happens to lines that find the queue full.
package enum OverflowPolicy: Sendable {
    /// They are dropped and counted, and a line says how many.
    case drop
    /// The worker waits: completeness is worth more than latency.
    case block
}

/// Why the access log cannot be written.
package enum AccessLogError: Error, Equatable {
    /// The file cannot be opened; `code` is the errno.
    case cannotOpen(path: String, code: Int32)
    /// The system refuses what a writer needs, an event descriptor or a thread; `code` is the errno.
    case noResources(code: Int32)
}

/// What the writer's thread reports about itself, at most once in ten seconds per kind.
package enum AccessLogProblem: Equatable, Sendable {
    /// The output stalled or failed, and lines were lost since the last report.
    case linesDropped(LostLines)
    /// Writing failed; `code` is the errno of the latest failure, `failures` their number since the last report.
    case writeFailed(code: Int32, failures: Int)
    /// The file could not be opened anew; lines go on to the one that is open.
    case reopenFailed(code: Int32)

    /// The problem in words for an operator.
    package var description: String {
        switch self {
        case .linesDropped(let lost): "\(lost.lines) lines were dropped, \(lost.refusals) of them of refused requests"
        case .writeFailed(let code, let failures): "writing failed \(failures) times: \(systemMessage(code))"
        case .reopenFailed(let code): "the file cannot be opened anew: \(systemMessage(code))"
        }
    }
}

/// Lines that were never written.
package struct LostLines: Equatable, Sendable {
    /// All of them.
    package var lines: Int
    /// Those among them that told of a denied, undecided or rejected request.
    package var refusals: Int

    /// - Parameters:
    ///   - lines: all lines that were lost.
    ///   - refusals: how many of them told of a refused request.
    package init(lines: Int = 0, refusals: Int = 0) {
        self.lines = lines
        self.refusals = refusals
    }

    static func += (left: inout LostLines, right: LostLines) {
        left.lines += right.lines
        left.refusals += right.refusals
    }
}
