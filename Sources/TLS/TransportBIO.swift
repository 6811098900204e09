internal import Bytes
internal import COpenSSL
internal import Transport

/// What OpenSSL reads from and writes to: the TCP stream of a `TLSStream`, so that the stream's own flags spare the system
/// calls that would only say `EAGAIN`, and no write raises `SIGPIPE`.
enum TransportBIO {
    // SAFETY: made once, never freed, and only read afterwards.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = unsafe BIO_meth_new(BIO_TYPE_SOURCE_SINK, "transport") else { return nil }
        unsafe BIO_meth_set_read_ex(method) { unsafe TransportBIO.read($0, $1, $2, $3) }
        unsafe BIO_meth_set_write_ex(method) { unsafe TransportBIO.write($0, $1, $2, $3) }
        unsafe BIO_meth_set_ctrl(method) { unsafe TransportBIO.control($0, $1, $2, $3) }
        return unsafe method
    }()

    /// Makes a BIO for `stream`, which must outlive it.
    static func make(for stream: TLSStream) -> OpaquePointer? {
        // SAFETY: the BIO does not own the stream; the stream frees the BIO at the latest when it ends.
        guard let method = unsafe method, let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(stream).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    private static func stream(of bio: OpaquePointer?) -> TLSStream? {
        // SAFETY: the data was set by `make`, and the stream outlives the BIO.
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSStream>.fromOpaque(data).takeUnretainedValue()
    }

    private static func read(
        _ bio: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        // SAFETY: OpenSSL gives `size` bytes to write to and a place for the count, both for the time of the call.
        unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        guard let stream = unsafe stream(of: bio), let bytes = unsafe bytes, size > 0 else { return 0 }
        var free = unsafe MutableSpan(
            _unsafeStart: UnsafeMutableRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: size)
        switch stream.receive(into: &free) {
        case .bytes(let received):
            unsafe count?.pointee = received
            return 1
        case .wouldBlock: unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        case .end, .failed: break
        }
        return 0
    }

    private static func write(
        _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ size: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        // SAFETY: OpenSSL gives `size` bytes to read and a place for the count, both for the time of the call.
        unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        guard let stream = unsafe stream(of: bio), let bytes = unsafe bytes else { return 0 }
        let records = unsafe Span(
            _unsafeStart: UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: size)
        switch stream.send(records) {
        case .bytes(let sent):
            unsafe count?.pointee = sent
            return 1
        case .wouldBlock: unsafe BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        case .failed: break
        }
        return 0
    }

    private static func control(
        _ bio: OpaquePointer?, _ command: Int32, _ value: Int, _ pointer: UnsafeMutableRawPointer?
    ) -> Int {
        switch command {
        case BIO_CTRL_FLUSH: 1
        // SAFETY: only the stream of the BIO is looked at.
        case BIO_CTRL_EOF: unsafe stream(of: bio)?.hasTransportEnded == true ? 1 : 0
        default: 0
        }
    }
}
