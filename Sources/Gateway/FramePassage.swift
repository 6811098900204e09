import WebSocket

/// What of one direction of a WebSocket passes: everything, until the gateway ends it between two frames.
struct FramePassage {
    private var tracker = FrameTracker()
    /// The Close frame that is to follow the frame under way.
    private var close: [UInt8]?
    private var isEnding = false
    /// Whether nothing of the sender's passes any more.
    private(set) var hasEnded = false

    /// Whether the sender has begun a Close frame.
    var hasClosed: Bool { tracker.hasClosed }

    /// Whether the sender has sent all of a Close frame.
    var isOver: Bool { tracker.hasClosed && tracker.isAtBoundary }

    /// Lets the frame under way be the last, and a Close frame follow it, if that was none.
    mutating func end(with close: [UInt8]) {
        self.close = close
        isEnding = true
        endAtBoundary()
    }

    private mutating func endAtBoundary() {
        guard isEnding, tracker.isAtBoundary else { return }
        hasEnded = true
        if tracker.hasClosed { close = nil }
    }

    /// Looks at what has come.
    ///
    /// - Returns: how much of it passes.
    mutating func pass(_ bytes: Span<UInt8>) -> Int {
        guard isEnding else {
            tracker.follow(bytes)
            return bytes.count
        }
        let passing = hasEnded ? 0 : tracker.finishFrame(bytes)
        if !hasEnded { endAtBoundary() }
        // Whether a Close frame comes is of interest to the end.
        tracker.follow(bytes.extracting(passing...))
        return passing
    }

    /// The Close frame, once and when its turn has come.
    mutating func takeClose() -> [UInt8]? {
        guard hasEnded else { return nil }
        defer { close = nil }
        return close
    }
}
