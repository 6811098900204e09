internal import Bytes
internal import COpenSSL
package import Transport

/// The TLS to one upstream on one worker; it remembers the newest session, to resume it.
// SAFETY: the session is alive until another one takes its place or `deinit` frees it.
@safe
package final class ClientTLSContext {
    private var session: OpaquePointer?
    /// When the certificates that the session stems from cease to be good, in seconds since 1970.
    private var sessionEnd = Int64.max
    private let context: OpenSSLContext
    private let wanted: ApplicationProtocol
    private let name: UpstreamName
    /// Tells the time in seconds since 1970.
    var clock: @Sendable () -> Int64 = { WallClock.microseconds / 1_000_000 }

    /// - Throws: what is wrong with the settings.
    package init(_ settings: ClientTLSSettings) throws(TLSError) {
        context = try OpenSSLContext(isServer: false, minimumVersion: .tls12)
        wanted = settings.applicationProtocol
        name = UpstreamName(settings.serverName)
        guard context.offer(wanted) else { throw .noResources }
        if let certificate = settings.certificate {
            try context.use(chain: certificate.chain, key: certificate.key, index: 0)
        }
        try context.verifyServer(name, settings)
        context.rememberSessions(for: self)
    }

    deinit {
        // SAFETY: connections hold references of their own.
        unsafe SSL_SESSION_free(session)
    }

    /// Takes over a session to resume.
    ///
    /// - Parameters:
    ///   - new: the session, whose reference this object owns from now on.
    ///   - end: when its certificates cease to be good, in seconds since 1970; nil if it stems from an earlier session.
    func remember(_ new: OpaquePointer?, until end: Int64?) {
        // SAFETY: the old session is freed once.
        unsafe SSL_SESSION_free(session)
        unsafe session = new
        if let end { sessionEnd = end }
    }

    /// Begins TLS on a connection.
    ///
    /// - Parameter stream: the connection; the TLS stream is its owner from now on, also if this throws: then it is closed.
    /// - Returns: the stream, whose handshake is to be done.
    /// - Throws: `.noResources`.
    package func connect(_ stream: TCPStream) throws(TLSError) -> TLSStream {
        let secured = try TLSStream(stream, in: context, owner: self, isServer: false, wanted: wanted)
        secured.ask(for: name)
        // SAFETY: both are alive; OpenSSL takes a reference of its own. A session that it refuses is not resumed.
        if unsafe session != nil, sessionEnd > clock() {
            unsafe secured.withHandle { unsafe SSL_set_session($0, session) }
        }
        return secured
    }
}
