package import Bytes
internal import COpenSSL
package import Transport

/// A connection inside TLS (RFC 8446, RFC 5246).
///
/// OpenSSL works straight on the socket. What it buffers is bounded: one record in each direction, and messages of a
/// handshake up to 128 KiB.
// SAFETY: the handle is alive until `close` or `deinit` frees it, and nil from then on; the loop's thread alone uses it.
@safe
package final class TLSStream: ByteStream {
    private let transport: TCPStream
    /// The context's owner, which OpenSSL calls during handshakes.
    private let context: AnyObject
    private var handle: OpaquePointer?
    /// What was read from the socket before TLS began, and not yet taken by OpenSSL.
    private var received: [UInt8]
    private var receivedCount = 0
    /// Whether the socket has nothing more to read.
    private(set) var hasTransportEnded = false
    private var transportFailure: SocketError?
    /// Why nothing can be read or written any more.
    private var failure: SocketError?
    private var isEstablished = false
    private let wanted: ApplicationProtocol?
    /// What both sides agreed on speaking; nil if they did not.
    package private(set) var applicationProtocol: ApplicationProtocol?
    /// The version that is spoken.
    package private(set) var version = TLSVersion.tls13

    /// - Parameters:
    ///   - transport: the connection, which belongs to the stream from now on, also if this throws: then it is closed.
    ///   - settings: the context to make the connection in.
    ///   - owner: what the callbacks of the context need; kept alive.
    ///   - isServer: which side of the handshake is done.
    ///   - received: what was already read from the connection.
    ///   - wanted: what a client wants to speak.
    /// - Throws: `.noResources`.
    init(
        _ transport: TCPStream, in settings: OpenSSLContext, owner: AnyObject, isServer: Bool, received: [UInt8] = [],
        wanted: ApplicationProtocol? = nil
    ) throws(TLSError) {
        self.transport = transport
        context = owner
        self.received = received
        self.wanted = wanted
        // SAFETY: a new SSL has no other owner; it takes over the BIO, which reads and writes alike.
        guard let handle = unsafe SSL_new(settings.handle), let bio = unsafe TransportBIO.make(for: self) else {
            OpenSSLErrors.clear()
            transport.close(abruptly: false)
            throw .noResources
        }
        unsafe self.handle = handle
        unsafe SSL_set_bio(handle, bio, bio)
        unsafe isServer ? SSL_set_accept_state(handle) : SSL_set_connect_state(handle)
    }

    deinit {
        // SAFETY: nobody can use the handle any more.
        unsafe SSL_free(handle)
    }

    package var waiter: Waiter? {
        get { transport.waiter }
        set { transport.waiter = newValue }
    }

    /// Lets `body` use the handle.
    ///
    /// - Returns: nil if the stream is closed.
    @discardableResult
    func withHandle<Result>(_ body: (OpaquePointer) -> Result) -> Result? {
        // SAFETY: the handle is alive during the call, since only the loop's thread frees it.
        guard let handle = unsafe handle else { return nil }
        return unsafe body(handle)
    }
}

extension TLSStream {
    /// Whether the handshake came to `context`.
    func isIn(_ context: OpenSSLContext) -> Bool {
        // SAFETY: the pointers are compared only.
        unsafe withHandle { unsafe SSL_get_SSL_CTX($0) == context.handle } ?? false
    }
}

// MARK: Handshake

extension TLSStream {
    /// Does the handshake; the stream's waiter, which must be the caller's own, is waited on.
    ///
    /// - Parameter deadline: when to give up.
    /// - Throws: why there is no connection; it is to be closed then.
    package func handshake(until deadline: Instant) async throws(TLSError) {
        while try !advanceHandshake() {
            guard let waiter, await waiter.wait(until: deadline) == .woken else { throw .timedOut }
        }
        isEstablished = true
        received = []
        // SAFETY: the handle is alive: the handshake has just ended well.
        unsafe version = SSL_version(handle) == TLS1_2_VERSION ? .tls12 : .tls13
        applicationProtocol = agreedProtocol
        // A server may be silent about HTTP/1.1, but not choose what was not offered.
        guard let wanted, applicationProtocol ?? .http11 != wanted else { return }
        throw .handshake(.applicationProtocol)
    }

    /// - Returns: whether the handshake is done; otherwise the socket is waited for.
    private func advanceHandshake() throws(TLSError) -> Bool {
        // SAFETY: a handle that is there is alive.
        guard let handle = unsafe handle else { throw .ended }
        OpenSSLErrors.clear()
        let result = unsafe SSL_do_handshake(handle)
        guard result != 1 else { return true }
        switch unsafe SSL_get_error(handle, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return false
        default:
            let error = handshakeError(unsafe SSL_get_verify_result(handle))
            failure = transportFailure ?? .reset
            throw error
        }
    }

    private func handshakeError(_ verification: Int) -> TLSError {
        let cause = OpenSSLErrors.take()
        if let transportFailure { return .connection(transportFailure) }
        guard let cause, cause.library == ERR_LIB_SSL, cause.reason != SSL_R_UNEXPECTED_EOF_WHILE_READING else {
            return cause == nil || hasTransportEnded ? .ended : .noResources
        }
        switch cause.reason {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            // SAFETY: the text is static.
            guard let text = unsafe X509_verify_cert_error_string(verification) else { break }
            return .handshake(.certificate(unsafe String(cString: text)))
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .handshake(.certificate("none was shown"))
        case SSL_R_NO_APPLICATION_PROTOCOL: return .handshake(.applicationProtocol)
        case SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256: return .handshake(.alert(cause.words))
        default: break
        }
        return .handshake(.speech(cause.words))
    }

    /// Whether the keys come from an earlier handshake, which this one resumed.
    package var isResumed: Bool {
        // SAFETY: a handle that is there is alive.
        unsafe withHandle { unsafe SSL_session_reused($0) == 1 } ?? false
    }

    /// The certificate that the client showed and that was found good, as DER, also if a session was resumed; nil for none.
    /// It is encoded by every call.
    package var clientCertificate: [UInt8]? {
        // SAFETY: the certificate and its encoding are freed after the encoding was copied.
        unsafe withHandle { handle in
            guard let certificate = unsafe SSL_get1_peer_certificate(handle) else { return nil }
            defer { unsafe X509_free(certificate) }
            guard unsafe SSL_get_verify_result(handle) == X509_V_OK else { return nil }
            var bytes: UnsafeMutablePointer<UInt8>?
            let count = unsafe i2d_X509(certificate, &bytes)
            defer { unsafe CRYPTO_free(bytes, nil, 0) }
            return unsafe count > 0 ? Array(UnsafeBufferPointer(start: bytes, count: Int(count))) : nil
        } ?? nil
    }

    private var agreedProtocol: ApplicationProtocol? {
        // SAFETY: the name lives as long as the handle, and is compared at once.
        unsafe withHandle { handle in
            var name: UnsafePointer<UInt8>?
            var count: UInt32 = 0
            unsafe SSL_get0_alpn_selected(handle, &name, &count)
            guard let name = unsafe name else { return nil }
            let chosen = unsafe Span(_unsafeStart: name, count: Int(count))
            return ApplicationProtocol.allCases.first { chosen.equals($0.name) }
        } ?? nil
    }
}

// MARK: ByteStream

extension TLSStream {
    /// Reads into the free space of `buffer`, as many records as there are and fit.
    ///
    /// - Returns: `.end` only if the other side said so with close_notify (RFC 8446 section 6.1); where the connection just
    ///   ends, what was read may have been cut off, and the outcome is `.failed`.
    package func read(into buffer: inout ByteBuffer) -> ReadOutcome {
        if let failure { return .failed(failure) }
        // SAFETY: a handle that is there is alive.
        guard let handle = unsafe handle else { return .failed(.reset) }
        var total = 0
        var outcome = ReadOutcome.wouldBlock
        buffer.fill { free in
            OpenSSLErrors.clear()
            // SAFETY: OpenSSL writes at most the given count of bytes, the size of what is left of the free space.
            unsafe free.withUnsafeMutableBufferPointer { free in
                while total < free.count {
                    var count = 0
                    let result = unsafe SSL_read_ex(
                        handle, free.baseAddress.map { unsafe $0 + total }, free.count - total, &count)
                    guard result == 1 else {
                        unsafe outcome = readFailure(SSL_get_error(handle, result))
                        break
                    }
                    total += count
                    guard unsafe SSL_has_pending(handle) == 1 else { break }
                }
            }
            return total
        }
        return total > 0 ? .bytes(total) : outcome
    }

    private func readFailure(_ code: Int32) -> ReadOutcome {
        switch code {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .end
        default:
            OpenSSLErrors.clear()
            let failure = transportFailure ?? .reset
            self.failure = failure
            return .failed(failure)
        }
    }

    /// Writes as much of `bytes` as the stream takes now. After `.wouldBlock`, the next call must offer the same bytes
    /// again, and may offer more behind them: a record of them is on its way already.
    package func write(_ bytes: Span<UInt8>) -> WriteOutcome {
        if let failure { return .failed(failure) }
        // SAFETY: a handle that is there is alive.
        guard let handle = unsafe handle else { return .failed(.reset) }
        OpenSSLErrors.clear()
        var total = 0
        // SAFETY: OpenSSL reads at most the given count of bytes, the size of what is left of the span.
        let code = unsafe bytes.withUnsafeBufferPointer { bytes -> Int32 in
            while total < bytes.count {
                var count = 0
                let result = unsafe SSL_write_ex(
                    handle, bytes.baseAddress.map { unsafe $0 + total }, bytes.count - total, &count)
                guard result == 1 else { return unsafe SSL_get_error(handle, result) }
                total += count
            }
            return SSL_ERROR_NONE
        }
        switch code {
        case SSL_ERROR_NONE: return .bytes(total)
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return total > 0 ? .bytes(total) : .wouldBlock
        default:
            OpenSSLErrors.clear()
            let failure = transportFailure ?? .reset
            self.failure = failure
            return .failed(failure)
        }
    }

    package var isQuiet: Bool {
        guard failure == nil, isEstablished, transport.remoteState == .open else { return false }
        transport.lookAgain()
        return isWithoutContent()
    }

    /// Takes what belongs to TLS itself, such as session tickets after the handshake and the other side's close_notify.
    ///
    /// - Returns: whether the other side has neither ended nor sent content.
    private func isWithoutContent() -> Bool {
        OpenSSLErrors.clear()
        // SAFETY: the size given is that of `byte`, which outlives the call.
        return unsafe withHandle { handle in
            var byte: UInt8 = 0
            let result = unsafe SSL_peek(handle, &byte, 1)
            guard result <= 0 else { return false }
            if case .wouldBlock = unsafe readFailure(SSL_get_error(handle, result)) { return true }
            return false
        } ?? false
    }

    /// Also while nobody reads, as during a response, a close_notify is noticed, whether or not the connection ends with it.
    package var remoteState: RemoteState {
        if failure == nil, isEstablished, transport.remoteState == .open, transport.mayRead { _ = isWithoutContent() }
        // SAFETY: a handle that is there is alive.
        guard failure == nil, unsafe handle != nil else { return .gone }
        let state = transport.remoteState
        guard state == .open else { return state }
        return unsafe SSL_get_shutdown(handle) & SSL_RECEIVED_SHUTDOWN != 0 ? .ended : .open
    }

    /// Says that no more bytes will be written: with close_notify, and at the socket.
    package func shutdownWriting() {
        sayGoodbye()
        transport.shutdownWriting()
    }

    package func close(abruptly: Bool) {
        if !abruptly { sayGoodbye() }
        transport.close(abruptly: abruptly)
        // SAFETY: the handle is nil from now on.
        unsafe SSL_free(handle)
        unsafe handle = nil
    }

    /// Sends close_notify, once, if the socket takes it: without it the other side could not tell the end of what it got
    /// from an attacker's.
    private func sayGoodbye() {
        // SAFETY: a handle that is there is alive.
        guard isEstablished, failure == nil, unsafe handle != nil else { return }
        guard unsafe SSL_get_shutdown(handle) & SSL_SENT_SHUTDOWN == 0 else { return }
        OpenSSLErrors.clear()
        unsafe SSL_shutdown(handle)
        OpenSSLErrors.clear()
    }
}

// MARK: Transport

extension TLSStream {
    /// Gives OpenSSL what has arrived.
    func receive(into free: inout MutableSpan<UInt8>) -> ReadOutcome {
        if receivedCount < received.count {
            let count = min(free.count, received.count - receivedCount)
            for index in 0..<count { free[index] = received[receivedCount + index] }
            receivedCount += count
            return .bytes(count)
        }
        let outcome = transport.read(into: &free)
        switch outcome {
        case .bytes, .wouldBlock: break
        case .end: hasTransportEnded = true
        case .failed(let error): transportFailure = error
        }
        return outcome
    }

    /// Takes records from OpenSSL.
    func send(_ records: Span<UInt8>) -> WriteOutcome {
        let outcome = transport.write(records)
        if case .failed(let error) = outcome { transportFailure = error }
        return outcome
    }
}
