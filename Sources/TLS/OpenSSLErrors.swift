internal import COpenSSL

/// What OpenSSL's error queue, which is one per thread, says of the call that just failed.
enum OpenSSLErrors {
    /// Empties the queue: what is in it would be taken for the cause of the next call's failure, whoseever it is.
    static func clear() { ERR_clear_error() }

    /// The first error, which the others follow from; the queue is empty afterwards.
    static func take() -> OpenSSLFailure? {
        let code = ERR_get_error()
        ERR_clear_error()
        return code == 0 ? nil : OpenSSLFailure(code: code)
    }
}

/// One error of OpenSSL.
struct OpenSSLFailure {
    let code: UInt

    /// The library that met it, and its reason there.
    var library: Int32 { gateway_error_library(code) }
    var reason: Int32 { gateway_error_reason(code) }

    /// OpenSSL's words, which are the same for all of a kind.
    var words: String {
        // SAFETY: the text is static.
        guard let text = unsafe ERR_reason_error_string(code) else { return "error \(library).\(reason)" }
        return unsafe String(cString: text)
    }
}
