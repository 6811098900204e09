internal import Transport

/// When something is due on a connection. It looks at the session, and never at a clock.
struct DriverClocks {
    enum Action: Equatable {
        case ping
        case finishShutdown
        /// Look for streams that the other side takes nothing of.
        case sweep
        case end(ConnectionEnd)
    }

    enum Wake: Equatable {
        case act(Action)
        /// Nothing is due before this time.
        case wait(until: Instant)
    }

    let settings: DriverSettings
    private let start: Instant
    private var lastArrival: Instant
    /// Since when there is output of which nothing was taken.
    private var outputSince = Instant.never
    private var headSince = Instant.never
    /// Which head that is.
    private var headCount = 0
    private var idleSince: Instant
    private var lastSweep: Instant
    private var pingSince = Instant.never
    /// From when on a ping may be sent even though nothing of a stream has arrived since the last one.
    private var pingPauseEnd: Instant
    private var shutdownSince = Instant.never

    init(settings: DriverSettings, now: Instant) {
        self.settings = settings
        start = now
        lastArrival = now
        idleSince = now
        lastSweep = now
        pingPauseEnd = now
    }

    mutating func bytesArrived(at now: Instant) { lastArrival = now }

    mutating func outputBegins(at now: Instant) { outputSince = now }

    mutating func shutdownBegins(at now: Instant) { if shutdownSince == .never { shutdownSince = now } }

    /// Says what is to be done.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - session: what the clocks are for.
    ///   - hasOutput: whether the connection did not take all.
    /// - Returns: what is due, or when something is.
    mutating func advance(to now: Instant, _ session: Session, hasOutput: Bool) -> Wake {
        if !hasOutput { outputSince = .never }
        if !session.isInsideHead { headSince = .never } else if session.headCount != headCount { headSince = now }
        headCount = session.headCount
        idleSince = session.openStreams == 0 ? min(idleSince, now) : .never
        let ends: InlineArray<4, (since: Instant, timeout: Nanoseconds, end: ConnectionEnd)> = [
            (session.hasRemoteSettings ? .never : start, settings.prefaceTimeout, .headTimeout),
            (headSince, settings.headTimeout, .headTimeout),
            (outputSince, settings.stallTimeout, .stalled),
            (idleSince, settings.idleTimeout, .idle),
        ]
        var next = Instant.never
        for index in ends.indices {
            let (since, timeout, end) = ends[index]
            let due = since + timeout
            if due <= now { return .act(.end(end)) }
            next = min(next, due)
        }
        if let action = advancePing(to: now, session, &next) ?? advanceShutdown(to: now, session, &next)
            ?? advanceSweep(to: now, session, &next)
        {
            return .act(action)
        }
        return .wait(until: next)
    }

    /// Asks a silent side whether it is there, unless it would take that for an attack: servers of gRPC count pings between
    /// which they have sent nothing on streams, and soon end the connection.
    private mutating func advancePing(to now: Instant, _ session: Session, _ next: inout Instant) -> Action? {
        guard let interval = settings.pingInterval, session.openStreams > 0 else { return nil }
        if session.isPingAnswered { pingSince = .never }
        let due =
            if pingSince != .never {
                // Whatever arrives shows that the answer is only late.
                max(pingSince, lastArrival) + settings.pingTimeout
            } else if session.hasStreamProgressed {
                lastArrival + interval
            } else {
                max(lastArrival + interval, pingPauseEnd)
            }
        guard due <= now else {
            next = min(next, due)
            return nil
        }
        guard pingSince == .never else { return .end(.pingTimeout) }
        pingSince = now
        pingPauseEnd = now + settings.pingPause
        return .ping
    }

    private mutating func advanceShutdown(to now: Instant, _ session: Session, _ next: inout Instant) -> Action? {
        guard shutdownSince != .never else { return nil }
        let due = session.isPingAnswered ? now : shutdownSince + settings.shutdownDelay
        guard due <= now else {
            next = min(next, due)
            return nil
        }
        shutdownSince = .never
        return .finishShutdown
    }

    /// Looks after streams of ended exchanges a few times within the time that they have.
    private mutating func advanceSweep(to now: Instant, _ session: Session, _ next: inout Instant) -> Action? {
        guard session.openStreams > 0 else {
            lastSweep = now
            return nil
        }
        let due = lastSweep + Nanoseconds(count: settings.stallTimeout.count / 4)
        guard due <= now else {
            next = min(next, due)
            return nil
        }
        lastSweep = now
        return .sweep
    }
}
