internal import COpenSSL

/// Reads what a PEM file holds, with OpenSSL.
enum PEMReader {
    /// Calls `read` until it finds nothing more.
    ///
    /// - Parameters:
    ///   - text: the file.
    ///   - read: reads one piece from a BIO; false if there was none, or OpenSSL did not take it.
    /// - Returns: why the last piece was not read, unless there was none.
    static func forEach(in text: [UInt8], _ read: (OpaquePointer) -> Bool) -> SettingsFault? {
        OpenSSLErrors.clear()
        // SAFETY: the input is alive during each call.
        return unsafe withInput(text) { input in
            while unsafe read(input) {}
            guard let failure = OpenSSLErrors.take() else { return nil }
            // The end of the file is told like this.
            if failure.library == ERR_LIB_PEM && failure.reason == PEM_R_NO_START_LINE { return nil }
            return .refused(failure.words)
        } ?? nil
    }

    /// Gives `body` a BIO that reads `text`.
    static func withInput<Result>(_ text: [UInt8], _ body: (OpaquePointer) -> Result) -> Result? {
        // SAFETY: the BIO reads the text inside this closure only, and is freed at its end.
        unsafe text.withUnsafeBufferPointer { text in
            guard let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(clamping: text.count)) else { return nil }
            defer { unsafe BIO_free(input) }
            return unsafe body(input)
        }
    }
}
