import Bytes
import CLinux

/// The writer's thread: takes chunks from the queue and writes them, until the log is closed.
struct WriterLoop: ~Copyable {
    private let state: WriterState
    private let output: AccessLogOutput
    private let report: @Sendable (AccessLogProblem) -> Void
    private var descriptor: LogDescriptor
    private var timestamp = Timestamp()
    /// Whether the output ends in a whole line; a failed write may have cut one.
    private var isAtLineStart = true
    /// How much longer a closing writer waits for an output that stalls, in milliseconds.
    private var patience: Int
    private var nextTelling = 0
    private var lossReport = RateLimit()
    private var failureReport = RateLimit()
    private var failures = 0
    private var reportedLosses = LostLines()

    init(
        state: WriterState, output: AccessLogOutput, descriptor: consuming LogDescriptor, patience: Int,
        report: @escaping @Sendable (AccessLogProblem) -> Void
    ) {
        self.state = state
        self.output = output
        self.descriptor = descriptor
        self.patience = patience
        self.report = report
    }

    mutating func run() {
        var isIdle = false
        while true {
            let now = Self.milliseconds()
            switch state.next(isTellingDue: isIdle || now >= nextTelling) {
            case .write(let chunk):
                isIdle = false
                let written = write(chunk.bytes.span)
                state.finish(chunk, written: written)
                reportLosses()
            case .tell(let lost):
                nextTelling = now + 1000
                if !tell(lost) {
                    state.restore(lost)
                    isIdle = false
                }
            case .reopen:
                reopen()
            case .wait where !isIdle && now >= nextTelling:
                isIdle = true
            case .wait:
                state.waitForWork(milliseconds: isIdle ? -1 : 1000)
            case .finish(let lost):
                if let lost { _ = tell(lost) }
                reportLosses()
                return
            }
        }
    }

    /// Writes `bytes` and returns how many were written: all, unless the output failed or stalled beyond patience.
    private mutating func write(_ bytes: Span<UInt8>) -> Int {
        if !isAtLineStart {
            let lineFeed: [UInt8] = [UInt8(ascii: "\n")]
            isAtLineStart = true
            if write(lineFeed.span) == 0 {
                isAtLineStart = false
                return 0
            }
        }
        var position = 0
        loop: while position < bytes.count {
            switch descriptor.write(bytes.extracting(position..<bytes.count)) {
            case .wrote(let count): position += count
            case .wouldBlock: if !waitForOutput() { break loop }
            case .failed(let code):
                fail(code)
                break loop
            }
        }
        if position > 0 { isAtLineStart = bytes[position - 1] == UInt8(ascii: "\n") }
        return position
    }

    /// Waits until the output takes bytes again; false when the log is closing and patience is at an end.
    private mutating func waitForOutput() -> Bool {
        let step = 50
        while !descriptor.isWritable(within: CInt(step)) {
            reportLosses()
            guard state.isClosing else { continue }
            patience -= step
            if patience <= 0 { return false }
        }
        return true
    }

    /// Writes the line that says how many lines are missing here.
    private mutating func tell(_ lost: LostLines) -> Bool {
        var line: [UInt8] = []
        line.append("{\"ts\":\"")
        timestamp.append(Self.microsecondsSince1970(), to: &line)
        line.append("\",\"level\":\"error\",\"event\":\"access_log\",\"msg\":\"lines dropped\",\"dropped_lines\":")
        line.append(decimal: lost.lines)
        line.append(",\"dropped_refusals\":")
        line.append(decimal: lost.refusals)
        line.append("}\n")
        return write(line.span) == line.count
    }

    private mutating func reopen() {
        guard case .file = output else { return }
        do throws(AccessLogError) {
            descriptor = try LogDescriptor(output)
            isAtLineStart = true
        } catch {
            switch error {
            case .cannotOpen(_, let code), .noResources(let code): report(.reopenFailed(code: code))
            }
        }
    }

    private mutating func fail(_ code: Int32) {
        failures += 1
        guard failureReport.isDue(at: Self.milliseconds()) else { return }
        report(.writeFailed(code: code, failures: failures))
        failures = 0
    }

    private mutating func reportLosses() {
        let total = state.totalLost
        guard total != reportedLosses, lossReport.isDue(at: Self.milliseconds()) else { return }
        report(
            .linesDropped(
                LostLines(
                    lines: total.lines - reportedLosses.lines, refusals: total.refusals - reportedLosses.refusals)))
        reportedLosses = total
    }

    private static func milliseconds() -> Int {
        var time = timespec()
        // SAFETY: `time` lives for the call.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private static func microsecondsSince1970() -> Int64 {
        var time = timespec()
        // SAFETY: `time` lives for the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec / 1000)
    }
}

/// Lets something happen at most once in ten seconds.
struct RateLimit {
    private var last: Int?

    /// Whether it may happen now, which is then remembered.
    ///
    /// - Parameter now: milliseconds of a clock that never goes back.
    /// - Returns: whether it may happen now.
    mutating func isDue(at now: Int) -> Bool {
        if let last, now - last < 10_000 { return false }
        last = now
        return true
    }
}
