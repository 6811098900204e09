internal import Bytes
internal import COpenSSL

extension OpenSSLContext {
    /// Lets a server resume sessions of one scope, with tickets alone: nothing is kept for clients, so nothing must be
    /// bounded. Early data is never taken (RFC 8470).
    ///
    /// - Returns: whether OpenSSL could.
    func resume(only scope: SessionScope) -> Bool {
        control(SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF))
        // SAFETY: the scope is copied.
        unsafe SSL_CTX_set_timeout(handle, Int(TicketKeys.lifetime))
        // Each ticket costs the client a message and both sides time; a client that wants more connections resumes again.
        unsafe SSL_CTX_set_num_tickets(handle, 1)
        unsafe SSL_CTX_set_max_early_data(handle, 0)
        return unsafe SSL_CTX_set_session_id_context(handle, scope.bytes, UInt32(scope.bytes.count)) == 1
    }

    /// Lets OpenSSL ask `owner`, which must outlive every connection of the context: for the site, before anything of a
    /// session is looked at, for keys of tickets, whether to resume, and for what is stapled.
    func callBack(_ owner: ServerTLSContext) {
        // SAFETY: each stream keeps the owner alive, and the callbacks run during calls of streams only.
        let pointer = unsafe Unmanaged.passUnretained(owner).toOpaque()
        unsafe SSL_CTX_set_ex_data(handle, 0, pointer)
        unsafe SSL_CTX_set_client_hello_cb(handle, { ssl, _, _ in unsafe chooseSite(ssl) }, nil)
        unsafe gateway_acknowledge_names(handle)
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(handle) { unsafe chooseKey($0, $1, $2, $3, $4, $5) }
        unsafe SSL_CTX_set_session_ticket_cb(
            handle, { ssl, _ in unsafe stampTicket(ssl) },
            { ssl, session, _, _, status, _ in unsafe examineTicket(ssl, session, status) }, nil)
        unsafe gateway_set_staple_callback(handle) { ssl, _ in unsafe staple(ssl) }
    }
}

extension OpenSSLContext {
    /// Lets a client hand new sessions to `owner`, which must outlive every connection of the context.
    func rememberSessions(for owner: ClientTLSContext) {
        control(SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        // SAFETY: each stream keeps the owner alive, and the callback runs during calls of streams only.
        unsafe SSL_CTX_set_ex_data(handle, 0, Unmanaged.passUnretained(owner).toOpaque())
        unsafe SSL_CTX_sess_set_new_cb(handle) { ssl, session in
            guard let data = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return 0 }
            let owner = unsafe Unmanaged<ClientTLSContext>.fromOpaque(data).takeUnretainedValue()
            let isResumed = unsafe SSL_session_reused(ssl) == 1
            unsafe owner.remember(session, until: isResumed ? nil : endOfVerifiedChain(ssl) ?? .max)
            return 1
        }
    }
}

/// When the first certificate of the chain that was found good ceases to be so, in seconds since 1970; nil without a chain.
private func endOfVerifiedChain(_ ssl: OpaquePointer?) -> Int64? {
    // SAFETY: the chain belongs to the connection.
    guard let chain = unsafe SSL_get0_verified_chain(ssl) else { return nil }
    return unsafe (0..<gateway_certificate_count(chain)).map { index in
        unsafe CalendarTime.seconds(X509_get0_notAfter(gateway_certificate_at(chain, index))) ?? .min
    }.min()
}

private func owner(of ssl: OpaquePointer?) -> ServerTLSContext? {
    // SAFETY: `callBack` has set the data, and the stream keeps the owner alive.
    guard let data = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return nil }
    return unsafe Unmanaged<ServerTLSContext>.fromOpaque(data).takeUnretainedValue()
}

/// Chooses the site by the name in the whole ClientHello, however it was cut into records.
///
/// This comes before a session is looked at, so that the scope that a session must have is that of the site.
private func chooseSite(_ ssl: OpaquePointer?) -> Int32 {
    // SAFETY: OpenSSL calls with a connection that is alive.
    guard let owner = unsafe owner(of: ssl) else { return SSL_CLIENT_HELLO_ERROR }
    var start: UnsafePointer<UInt8>?
    var count = 0
    var site = owner.site(for: Span())
    // SAFETY: OpenSSL gives `count` bytes that live during the call.
    if unsafe SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1,
        let start = unsafe start
    {
        let name = unsafe name(in: Span(_unsafeStart: start, count: count))
        site = owner.site(for: name)
    }
    return unsafe SSL_set_SSL_CTX(ssl, site.context.handle) == nil ? SSL_CLIENT_HELLO_ERROR : SSL_CLIENT_HELLO_SUCCESS
}

/// The name in the extension `server_name` (RFC 6066 section 3): a list with one entry; empty if it is of another form, which
/// OpenSSL refuses afterwards.
@_lifetime(copy list)
private func name(in list: Span<UInt8>) -> Span<UInt8> {
    guard list.count > 5, list[2] == UInt8(TLSEXT_NAMETYPE_host_name),
        Int(list[0]) << 8 | Int(list[1]) == list.count - 2, Int(list[3]) << 8 | Int(list[4]) == list.count - 5
    else { return list.extracting(first: 0) }
    return list.extracting(5..<list.count)
}

/// Readies the key that a new ticket is encrypted with, or that an old one names.
private func chooseKey(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ encrypts: Int32
) -> Int32 {
    // SAFETY: OpenSSL calls with a connection that is alive.
    guard let tickets = unsafe owner(of: ssl)?.tickets, let name = unsafe name, let iv = unsafe iv else { return -1 }
    // SAFETY: OpenSSL gives 16 bytes for the name, and as many for the vector.
    if encrypts == 1 {
        let key = tickets.current()
        guard unsafe RAND_bytes(iv, 16) == 1, unsafe key.begin(cipher, mac, iv: iv, encrypts: true) else { return -1 }
        unsafe key.writeName(to: name)
        return 1
    }
    guard let (key, isCurrent) = unsafe tickets.key(named: Span(_unsafeStart: name, count: TicketKey.nameSize)) else {
        return 0
    }
    guard unsafe key.begin(cipher, mac, iv: iv, encrypts: false) else { return -1 }
    // The ticket is renewed unless its key will be there for long; with TLS 1.3 always, since clients use a ticket once (RFC
    // 8446 appendix C.4), and would otherwise do every second handshake in full.
    return unsafe isCurrent && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2
}

/// Writes into a ticket until when sessions that stem from its full handshake may be resumed.
private func stampTicket(_ ssl: OpaquePointer?) -> Int32 {
    // SAFETY: OpenSSL calls with a connection that is alive.
    guard let owner = unsafe owner(of: ssl) else { return 0 }
    // SAFETY: session and chain belong to the connection; the stamp is copied. A resumed session has its stamp already.
    guard unsafe SSL_session_reused(ssl) == 0 else { return 1 }
    var end = unsafe min(owner.tickets.now + TicketKeys.longestSession, endOfVerifiedChain(ssl) ?? .max)
    return unsafe SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &end, MemoryLayout<Int64>.size)
}

/// Whether a ticket that could be decrypted is good: it is not if a certificate has expired since, or the lists that say which
/// are revoked have. A full handshake comes instead.
private func examineTicket(_ ssl: OpaquePointer?, _ session: OpaquePointer?, _ status: SSL_TICKET_STATUS)
    -> SSL_TICKET_RETURN
{
    let isRead = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW
    // SAFETY: OpenSSL calls with a connection that is alive.
    guard isRead, let owner = unsafe owner(of: ssl) else { return SSL_TICKET_RETURN_IGNORE_RENEW }
    var stamp: UnsafeMutableRawPointer?
    var count = 0
    // SAFETY: the stamp belongs to the session, and its size is checked before it is read.
    guard unsafe SSL_SESSION_get0_ticket_appdata(session, &stamp, &count) == 1, count == MemoryLayout<Int64>.size,
        let end = unsafe stamp?.loadUnaligned(as: Int64.self), min(end, owner.revocationsEnd) > owner.tickets.now
    else { return SSL_TICKET_RETURN_IGNORE_RENEW }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
}

/// Staples what there is for the certificate that was chosen.
private func staple(_ ssl: OpaquePointer?) -> Int32 {
    // SAFETY: context and certificate belong to the connection; the response is copied.
    guard let owner = unsafe owner(of: ssl), let site = unsafe owner.site(of: SSL_get_SSL_CTX(ssl)),
        let response = unsafe site.staple(for: SSL_get_certificate(ssl), at: owner.tickets.now)
    else { return SSL_TLSEXT_ERR_NOACK }
    return unsafe gateway_staple(ssl, response, response.count) == 1 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
}
