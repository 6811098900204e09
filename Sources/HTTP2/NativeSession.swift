internal import Bytes
internal import CNGHTTP2

/// nghttp2's session, and its calls without pointers.
@safe struct NativeSession: ~Copyable {
    private let pointer: OpaquePointer

    /// - Throws: `.noResources`.
    init(isServer: Bool) throws(HTTP2Error) {
        let setUp = SessionCallbacks.setUp
        var created: OpaquePointer?
        // SAFETY: the callbacks are there for the life of the process, and `created` outlives the call.
        let code =
            unsafe isServer
            ? nghttp2_session_server_new2(&created, setUp.callbacks, nil, setUp.options)
            : nghttp2_session_client_new2(&created, setUp.callbacks, nil, setUp.options)
        guard code == 0, let created = unsafe created else { throw .noResources }
        unsafe pointer = created
    }

    deinit {
        // SAFETY: nobody else has the pointer, and none of nghttp2's calls is under way: each is made by the owner.
        unsafe nghttp2_session_del(pointer)
    }

    /// Says to whom the callbacks belong: the owner, who outlives this.
    func attach(to owner: Session) {
        // SAFETY: callbacks are made only in calls of the owner, so that it is alive.
        unsafe nghttp2_session_set_user_data(pointer, Unmanaged.passUnretained(owner).toOpaque())
    }

    // MARK: The connection

    func submitSettings(_ settings: [(id: UInt32, value: UInt32)]) {
        let entries = settings.map { nghttp2_settings_entry(settings_id: Int32($0.id), value: $0.value) }
        // SAFETY: the call copies the entries.
        unsafe entries.withUnsafeBufferPointer {
            unsafe _ = nghttp2_submit_settings(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), $0.baseAddress, $0.count)
        }
    }

    /// Sets how much content may arrive on all streams before it is consumed.
    func setConnectionWindow(_ size: Int) {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_session_set_local_window_size(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(size))
    }

    /// Processes what has arrived.
    ///
    /// - Returns: a negative code after which the session can read no more.
    func receive(_ bytes: Span<UInt8>) -> Int {
        // SAFETY: the call reads the span's bytes and keeps no pointer to them.
        unsafe bytes.withUnsafeBufferPointer { unsafe nghttp2_session_mem_recv(pointer, $0.baseAddress, $0.count) }
    }

    /// What a negative code of `receive` means.
    static func fault(of code: Int) -> SessionFault {
        switch Int32(truncatingIfNeeded: code) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: .notHTTP2
        case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: .tooCostly
        case NGHTTP2_ERR_NOMEM.rawValue: .noResources
        default: .violation(.internalError)
        }
    }

    /// How many frames wait to be sent.
    var outputQueueSize: Int {
        // SAFETY: the session lives as long as `self`.
        unsafe nghttp2_session_get_outbound_queue_size(pointer)
    }

    /// Appends the next piece of output; what is content is appended by the callback instead.
    ///
    /// - Returns: whether there may be more.
    func collect(into session: Session) -> Bool {
        var start: UnsafePointer<UInt8>?
        // SAFETY: what the call returns stays in place until the next one, and is copied before.
        let count = unsafe nghttp2_session_mem_send(pointer, &start)
        guard count > 0, let start = unsafe start else { return false }
        unsafe session.output.append(Span(_unsafeStart: start, count: count))
        return true
    }

    var wantsToRead: Bool {
        // SAFETY: the session lives as long as `self`.
        unsafe nghttp2_session_want_read(pointer) != 0
    }
    var wantsToWrite: Bool { unsafe nghttp2_session_want_write(pointer) != 0 }
    /// Whether requests can still be sent.
    var allowsRequests: Bool { unsafe nghttp2_session_check_request_allowed(pointer) != 0 }

    /// How many streams the other side lets this one open.
    var concurrentStreamsAllowed: Int {
        // SAFETY: the session lives as long as `self`.
        Int(unsafe nghttp2_session_get_remote_settings(pointer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    func submitPing() {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_submit_ping(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// Sends a GOAWAY that lets all go on that the other side has sent.
    func submitShutdownNotice() {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_submit_shutdown_notice(pointer)
    }

    /// Sends a GOAWAY with the last stream that was processed.
    func submitGoaway() {
        // SAFETY: the session lives as long as `self`.
        let last = unsafe nghttp2_session_get_last_proc_stream_id(pointer)
        unsafe _ = nghttp2_submit_goaway(
            pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, ErrorCode.noError.rawValue, nil, 0)
    }

    /// Sends a GOAWAY and ends everything.
    func terminate(_ code: ErrorCode) {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_session_terminate_session(pointer, code.rawValue)
    }

    // MARK: Streams

    func reset(_ id: Int32, _ code: ErrorCode) {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_submit_rst_stream(pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    }

    /// Lets the other side send so much more content.
    func consume(_ count: Int, of id: Int32) {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_session_consume(pointer, id, count)
    }

    /// Says that there is content again.
    func resume(_ id: Int32) {
        // SAFETY: the session lives as long as `self`.
        unsafe _ = nghttp2_session_resume_data(pointer, id)
    }

    /// Makes callbacks for a stream find its object.
    func bind(_ id: Int32, to stream: HTTP2Stream?) {
        // SAFETY: the session keeps the object until it unbinds it.
        let bound = unsafe stream.map { unsafe Unmanaged.passUnretained($0).toOpaque() }
        unsafe _ = nghttp2_session_set_stream_user_data(pointer, id, bound)
    }

    /// The object of a stream, if there is one.
    func stream(_ id: Int32) -> HTTP2Stream? {
        // SAFETY: what is bound is an object that the session keeps.
        guard let bound = unsafe nghttp2_session_get_stream_user_data(pointer, id) else { return nil }
        return unsafe Unmanaged<HTTP2Stream>.fromOpaque(bound).takeUnretainedValue()
    }

    /// Sends a head on an open stream.
    ///
    /// - Parameters:
    ///   - id: the stream.
    ///   - fields: the head; its memory must be in place.
    ///   - source: who has the content that follows; nil if none does.
    func respond(_ id: Int32, _ fields: borrowing FieldBlock, source: HTTP2Stream?) {
        // SAFETY: nghttp2 copies the fields; the session keeps the stream while callbacks may be made for it.
        unsafe fields.withFields { start, count in
            guard let source else {
                unsafe _ = nghttp2_submit_response(pointer, id, start, count, nil)
                return
            }
            var provider = unsafe SessionCallbacks.provider(of: source)
            unsafe _ = nghttp2_submit_response(pointer, id, start, count, &provider)
        }
    }

    /// Sends an interim head.
    func respondInterim(_ id: Int32, _ fields: borrowing FieldBlock) {
        // SAFETY: nghttp2 copies the fields.
        unsafe fields.withFields { start, count in
            unsafe _ = nghttp2_submit_headers(
                pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, start, count, nil)
        }
    }

    /// Ends a stream with trailers.
    func submitTrailers(_ id: Int32, _ fields: borrowing FieldBlock) {
        // SAFETY: nghttp2 copies the fields.
        unsafe fields.withFields { start, count in unsafe _ = nghttp2_submit_trailer(pointer, id, start, count) }
    }

    /// Opens a stream.
    ///
    /// - Returns: its number, or nil if there is none left.
    func request(_ fields: borrowing FieldBlock, stream: HTTP2Stream, hasContent: Bool) -> Int32? {
        // SAFETY: as in `respond`.
        let id = unsafe fields.withFields { start, count in
            let bound = unsafe Unmanaged.passUnretained(stream).toOpaque()
            guard hasContent else { return unsafe nghttp2_submit_request(pointer, nil, start, count, nil, bound) }
            var provider = unsafe SessionCallbacks.provider(of: stream)
            return unsafe nghttp2_submit_request(pointer, nil, start, count, &provider, bound)
        }
        return id > 0 ? id : nil
    }
}
