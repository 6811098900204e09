internal import CNGHTTP2
internal import HTTP

/// The settings that a session announces (RFC 9113 section 6.5.2).
enum SessionSettings {
    static func entries(isServer: Bool, limits: SessionLimits) -> [(id: UInt32, value: UInt32)] {
        var entries: [(id: UInt32, value: UInt32)] = [
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue, UInt32(clamping: limits.streamWindow)),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue, UInt32(clamping: listSize(limits))),
        ]
        if isServer {
            entries.append(
                (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue, UInt32(clamping: limits.concurrentStreams)))
            // WebSockets over streams (RFC 8441 section 3).
            entries.append((NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL.rawValue, 1))
            // The old priorities have no use here (RFC 9218 section 2.1), and cost memory.
            entries.append((NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue, 1))
        } else {
            entries.append((NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue, 0))
        }
        return entries
    }

    /// The setting counts 32 bytes a field besides name and value, where HTTP/1.1 needs four; nothing that is within the
    /// limits may be beyond what is announced.
    private static func listSize(_ limits: SessionLimits) -> Int {
        let pseudoFields = 4
        return limits.messages.startLine + limits.messages.fieldSection
            + 28 * (limits.messages.fieldCount + pseudoFields) + 64
    }
}
