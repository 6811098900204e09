internal import COpenSSL

/// Times as certificates write them.
enum CalendarTime {
    /// - Parameter time: an `ASN1_TIME`.
    /// - Returns: the time in seconds since 1970; nil if it is malformed or missing.
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        // SAFETY: the caller keeps `time` alive; the start is freed here.
        guard let time = unsafe time, let start = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_STRING_free(start) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard unsafe ASN1_TIME_diff(&days, &seconds, start, time) == 1 else {
            OpenSSLErrors.clear()
            return nil
        }
        return Int64(days) * 86400 + Int64(seconds)
    }
}
