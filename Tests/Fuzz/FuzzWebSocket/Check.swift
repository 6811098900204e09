import Bytes
import FuzzDriver
import WebSocket

@main
struct FuzzWebSocket {
    static func main() { FuzzDriver.run(check) }
}

/// Follows the bytes behind the first one by one, and in pieces of changing sizes, which the first says; both must agree
/// wherever a piece ends, and so must a tracker that finishes one frame after the other.
private func check(_ bytes: [UInt8]) {
    guard let seed = bytes.first else { return }
    let input = Array(bytes.dropFirst())
    let states = followSingly(input)
    var (pieces, frames) = (FrameTracker(), FrameTracker())
    var (size, start) = (Int(seed), 0)
    while start < input.count {
        size = (size * 5 + 3) % 257
        let end = min(start + size, input.count)
        pieces.follow(input.span.extracting(start..<end))
        precondition(State(pieces) == states[end], "the result depends on how the bytes are split")
        while start < end { start += advance(&frames, input.span.extracting(start..<end)) }
        precondition(State(frames) == states[end], "finishing frames is not following them")
    }
    if let end = states.lastIndex(where: \.isAtBoundary) { checkClose(input, end) }
}

private struct State: Equatable {
    let isAtBoundary: Bool
    let hasClosed: Bool

    init(_ tracker: FrameTracker) {
        isAtBoundary = tracker.isAtBoundary
        hasClosed = tracker.hasClosed
    }
}

/// - Returns: the state behind no byte, one byte, and so on.
private func followSingly(_ input: [UInt8]) -> [State] {
    var tracker = FrameTracker()
    var states = [State(tracker)]
    for index in input.indices {
        tracker.follow(input.span.extracting(index...index))
        states.append(State(tracker))
        precondition(states[index].hasClosed == false || tracker.hasClosed, "a Close frame was forgotten")
    }
    return states
}

/// Finishes the frame under way, or begins another.
private func advance(_ tracker: inout FrameTracker, _ input: Span<UInt8>) -> Int {
    let wasAtBoundary = tracker.isAtBoundary
    let count = tracker.finishFrame(input)
    precondition(wasAtBoundary ? count == 0 : count > 0, "what is finished is the frame under way")
    precondition(count == input.count || tracker.isAtBoundary, "a frame was left unfinished")
    guard wasAtBoundary else { return count }
    tracker.follow(input.extracting(..<1))
    return 1
}

/// A Close frame that takes the place of what follows a boundary is one.
private func checkClose(_ input: [UInt8], _ end: Int) {
    for frame in [CloseFrame(code: .goingAway).unmasked, CloseFrame(code: .policyViolation).masked(with: 0x0102_0384)] {
        var tracker = FrameTracker()
        tracker.follow(input.span.extracting(..<end))
        tracker.follow(frame.span)
        precondition(tracker.isAtBoundary && tracker.hasClosed, "a Close frame at a boundary was not seen")
    }
}
