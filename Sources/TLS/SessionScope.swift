internal import Bytes
internal import COpenSSL

/// What a session belongs to: it is resumed only where certificates and the policy for client certificates are the same.
struct SessionScope {
    /// The session id context of OpenSSL: a SHA-256 over everything that decides who may resume.
    let bytes: [UInt8]

    init(_ chains: [[UInt8]], _ settings: ServerTLSSettings) {
        var text: [UInt8] = []
        func add(_ part: [UInt8]) {
            text.append(decimal: part.count)
            text.append(":")
            text.append(part.span)
        }
        for chain in chains { add(chain) }
        add(Array(settings.clientCertificate.rawValue.utf8))
        add(settings.clientAuthorities)
        // No list and an empty one are told apart by the count of parts.
        if let revocations = settings.clientRevocations { add(revocations) }
        var digest = [UInt8](repeating: 0, count: 32)
        // SAFETY: the bridge writes 32 bytes, and reads as many as the text has.
        unsafe text.withUnsafeBufferPointer { text in
            unsafe digest.withUnsafeMutableBufferPointer {
                unsafe gateway_sha256(text.baseAddress, text.count, $0.baseAddress)
            }
        }
        bytes = digest
    }
}
