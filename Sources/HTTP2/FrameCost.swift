internal import CNGHTTP2

/// What the beginning of a frame says of its cost.
struct FrameCost {
    /// With its header, in bytes.
    let size: Int
    /// What it takes from the budget; negative if it gives.
    let cost: Int
    /// Whether it resets a stream.
    let isReset: Bool
    /// Whether a head begins or goes on.
    let isHead: Bool

    /// Content of at least so many bytes is taken for work.
    private static let usefulContent = 256

    /// - Parameter header: of a frame whose payload has not been looked at.
    init(_ header: nghttp2_frame_hd) {
        let length = Int(header.length)
        size = SessionCallbacks.frameHeaderSize + length
        let flags = UInt32(header.flags)
        var (isReset, isHead) = (false, false)
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue:
            let isEmpty = length == 0 && flags & NGHTTP2_FLAG_END_STREAM.rawValue == 0
            cost = isEmpty ? 10 : length >= Self.usefulContent ? -2 : 0
        case NGHTTP2_HEADERS.rawValue:
            isHead = true
            cost = length == 0 ? 20 : 0
        case NGHTTP2_CONTINUATION.rawValue:
            isHead = true
            // A head of more than a frame is rare, and each of its frames is full but the last.
            cost = length < 1024 && flags & NGHTTP2_FLAG_END_HEADERS.rawValue == 0 ? 50 : 10
        case NGHTTP2_RST_STREAM.rawValue:
            isReset = true
            cost = 1
        case NGHTTP2_SETTINGS.rawValue: cost = flags & NGHTTP2_FLAG_ACK.rawValue == 0 ? 20 : 1
        case NGHTTP2_PING.rawValue: cost = 2
        case NGHTTP2_GOAWAY.rawValue, NGHTTP2_PUSH_PROMISE.rawValue: cost = 20
        case NGHTTP2_PRIORITY.rawValue, NGHTTP2_WINDOW_UPDATE.rawValue, NGHTTP2_PRIORITY_UPDATE.rawValue: cost = 1
        default: cost = 2
        }
        self.isReset = isReset
        self.isHead = isHead
    }
}
