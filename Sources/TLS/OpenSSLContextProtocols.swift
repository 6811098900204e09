internal import Bytes
internal import COpenSSL

extension OpenSSLContext {
    /// Lets a server choose among `protocols`, the first of which it likes best (RFC 7301).
    func choose(from protocols: [ApplicationProtocol]) {
        // SAFETY: the chosen name points into the client's list, as OpenSSL asks for.
        if protocols.contains(.http2) {
            unsafe SSL_CTX_set_alpn_select_cb(
                handle, { _, out, size, list, count, _ in unsafe select([.http2, .http11], out, size, list, count) },
                nil)
        } else {
            unsafe SSL_CTX_set_alpn_select_cb(
                handle, { _, out, size, list, count, _ in unsafe select([.http11], out, size, list, count) }, nil)
        }
    }

    /// Lets a client offer `wanted`.
    ///
    /// - Returns: whether there was memory for it.
    func offer(_ wanted: ApplicationProtocol) -> Bool {
        let list = ApplicationProtocol.list([wanted])
        // SAFETY: the call copies `count` bytes.
        return unsafe list.withUnsafeBufferPointer {
            unsafe SSL_CTX_set_alpn_protos(handle, $0.baseAddress, UInt32($0.count)) == 0
        }
    }
}

/// Chooses a name from a client's list.
///
/// - Returns: what OpenSSL is to do; without a common name it sends the alert no_application_protocol (RFC 7301 section 3.2).
private func select(
    _ protocols: [ApplicationProtocol], _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ list: UnsafePointer<UInt8>?, _ count: UInt32
) -> Int32 {
    // SAFETY: the list is alive during the call and `count` bytes long, and OpenSSL has checked its form; the chosen name
    // points into it.
    guard let start = unsafe list else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let names = unsafe Span(_unsafeStart: start, count: Int(count))
    for wanted in protocols {
        var index = 0
        while index < names.count {
            let end = min(index + 1 + Int(names[index]), names.count)
            if names.extracting(index + 1..<end).equals(wanted.name) {
                unsafe chosen?.pointee = start + index + 1
                unsafe chosenCount?.pointee = names[index]
                return SSL_TLSEXT_ERR_OK
            }
            index = end
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
