internal import COpenSSL
internal import Transport

/// What an upstream's certificate is for: a name of the DNS, which is also asked for (SNI, RFC 6066 section 3), or an address.
struct UpstreamName {
    /// The name without a trailing dot, or the address without brackets.
    let text: String
    /// Whether this is an address: then it is not asked for.
    let isAddress: Bool

    init(_ written: String) {
        let bare = written.hasPrefix("[") && written.hasSuffix("]") ? String(written.dropFirst().dropLast()) : written
        isAddress = SocketAddress(numericHost: bare, port: 0) != nil
        text = bare.hasSuffix(".") ? String(bare.dropLast()) : bare
    }
}

extension TLSStream {
    /// Names the server that a client wants.
    func ask(for name: UpstreamName) {
        guard !name.isAddress, !name.text.isEmpty else { return }
        // SAFETY: the name is copied during the call.
        unsafe withHandle { handle in
            unsafe name.text.withCString {
                unsafe SSL_ctrl(
                    handle, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), .init(mutating: $0))
            }
        }
    }
}
