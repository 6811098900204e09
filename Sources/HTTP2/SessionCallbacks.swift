internal import Bytes
internal import CNGHTTP2

/// What nghttp2 calls. Each callback finds the session or the stream and tells it; none calls back what receives or sends.
@safe struct SessionCallbacks: @unchecked Sendable {
    let callbacks: OpaquePointer?
    let options: OpaquePointer?

    /// Shared by all sessions, which copy it. Without memory it is empty, and no session can be made.
    static let setUp = SessionCallbacks()

    private init() {
        // SAFETY: both are made here, changed by nobody later, and live as long as the process.
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        unsafe nghttp2_session_callbacks_new(&callbacks)
        unsafe nghttp2_option_new(&options)
        guard unsafe callbacks != nil, unsafe options != nil else {
            unsafe (self.callbacks, self.options) = (nil, nil)
            return
        }
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        // Heads have the limits of the configuration.
        unsafe nghttp2_option_set_max_send_header_block_length(options, 1 << 20)
        unsafe nghttp2_option_set_max_deflate_dynamic_table_size(options, 4096)
        // Answers that the other side does not read are a flood by their number; `CostBudget` counts them, too.
        unsafe nghttp2_option_set_max_outbound_ack(options, 100)
        // `CostBudget` counts resets, in both directions and with what else is earned; nghttp2's count must not come first.
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, 1_000_000, 1_000_000)
        unsafe Self.setReceiving(callbacks)
        unsafe Self.setSending(callbacks)
        unsafe (self.callbacks, self.options) = (callbacks, options)
    }

    /// Who has the content of a stream.
    static func provider(of stream: HTTP2Stream) -> nghttp2_data_provider {
        // SAFETY: the session keeps the stream as long as nghttp2 has it.
        unsafe nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(stream).toOpaque()), read_callback: nextContent)
    }

    // MARK: Receiving

    private static func setReceiving(_ callbacks: OpaquePointer?) {
        // SAFETY: every pointer in a callback is nghttp2's own and good until the callback returns.
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, userData in
            guard let header = unsafe header else { return 0 }
            let cost = unsafe FrameCost(header.pointee)
            return unsafe withSession(userData) { $0.frameBegins(cost) }
        }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, userData in
            guard let frame = unsafe frame else { return 0 }
            let id = unsafe frame.pointee.hd.stream_id
            let isRequest = unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
            return unsafe withSession(userData) { $0.headBegins(id, isRequest: isRequest) }
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, userData in
            guard let frame = unsafe frame, let name = unsafe name, let value = unsafe value else { return 0 }
            let id = unsafe frame.pointee.hd.stream_id
            let nameBytes = unsafe Span(_unsafeStart: name, count: nameLength)
            let valueBytes = unsafe Span(_unsafeStart: value, count: valueLength)
            return unsafe withSession(userData) { $0.fieldArrived(id, name: nameBytes, value: valueBytes) }
        }
        // What is invalid ends the stream; without this callback it would be left out in silence.
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in
            SessionCallbacks.streamFailed
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _, _, id, data, length, userData in
            guard let data = unsafe data else { return 0 }
            let bytes = unsafe Span(_unsafeStart: data, count: length)
            return unsafe withSession(userData) {
                $0.contentArrived(id, bytes)
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, userData in
            unsafe tell(userData, of: frame) { $0.frameArrived($1) }
        }
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, _, userData in
            unsafe tell(userData, of: frame) { $0.invalidFrameArrived($1) }
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, userData in
            unsafe withSession(userData) {
                $0.streamEnded(id, ErrorCode(code))
                return 0
            }
        }
    }

    // MARK: Sending

    private static func setSending(_ callbacks: OpaquePointer?) {
        // SAFETY: as above.
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) {
            _, _, header, length, source, userData in
            guard let header = unsafe header, let stream = unsafe boundStream(of: source) else {
                return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
            }
            let head = unsafe Span(_unsafeStart: header, count: SessionCallbacks.frameHeaderSize)
            return unsafe withSession(userData) {
                $0.output.append(head)
                stream.takeContent(length, into: &$0.output)
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, userData in
            unsafe tell(userData, of: frame) { $0.frameSent($1) }
        }
        unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, userData in
            unsafe tell(userData, of: frame) { $0.frameNotSent($1) }
        }
    }

    /// Says how much content the next frame of a stream takes.
    private static let nextContent: nghttp2_data_source_read_callback = { _, id, _, limit, flags, source, userData in
        // SAFETY: as above.
        guard let stream = unsafe boundStream(of: source), let flags = unsafe flags else {
            return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        guard let next = stream.nextContent(upTo: limit) else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if next.isLast { unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        if next.hasTrailers {
            unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            unsafe _ = withSession(userData) {
                $0.sendTrailers(of: stream)
                return 0
            }
        }
        return next.count
    }

    /// The size of a frame's header in bytes (RFC 9113 section 4.1).
    static let frameHeaderSize = 9
    /// What a callback returns to end the session.
    static let sessionFailed = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    /// What a callback returns to end the stream.
    static let streamFailed = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
}

/// Calls `body` with the session that a callback is for.
private func withSession(_ userData: UnsafeMutableRawPointer?, _ body: (Session) -> Int32) -> Int32 {
    // SAFETY: the user data is the session, whose call this is made in.
    guard let userData = unsafe userData else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    return unsafe Unmanaged<Session>.fromOpaque(userData)._withUnsafeGuaranteedRef { body($0) }
}

/// Tells the session of a frame.
private func tell(
    _ userData: UnsafeMutableRawPointer?, of frame: UnsafePointer<nghttp2_frame>?, _ body: (Session, FrameEvent) -> Void
) -> Int32 {
    // SAFETY: the frame is nghttp2's own and good until the callback returns; of the user data, see `withSession`.
    guard let frame = unsafe frame else { return 0 }
    let event = unsafe FrameEvent(frame.pointee)
    return unsafe withSession(userData) {
        body($0, event)
        return 0
    }
}

/// The stream whose content nghttp2 asks for.
private func boundStream(of source: UnsafeMutablePointer<nghttp2_data_source>?) -> HTTP2Stream? {
    // SAFETY: the source is the one that `provider` made.
    guard let pointer = unsafe source?.pointee.ptr else { return nil }
    return unsafe Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
}
