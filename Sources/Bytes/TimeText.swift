/// How a point in time is written (RFC 3339 §5.6): `2027-01-31T00:00:00Z`, or with an offset such as `+02:00`.
package enum TimeText {
    /// Reads a time of the years 1970 to 9999.
    ///
    /// - Parameter text: the time, with `T` or `t`, and with `Z`, `z` or an offset.
    /// - Returns: seconds since 1970, rounded down; nil if the text is no such time. A leap second is that after it.
    package static func parse(_ text: String) -> Int? {
        let bytes = text.utf8.span
        guard bytes.count >= 20, separates(bytes), let year = number(bytes, 0..<4), year >= 1970,
            let month = number(bytes, 5..<7), (1...12).contains(month), let day = number(bytes, 8..<10),
            (1...days(in: month, of: year)).contains(day), let hour = number(bytes, 11..<13), hour < 24,
            let minute = number(bytes, 14..<16), minute < 60, let second = number(bytes, 17..<19), second <= 60
        else { return nil }
        var end = 19
        if bytes[end] == UInt8(ascii: ".") {
            end += 1
            while end < bytes.count, bytes[end].isDecimalDigit { end += 1 }
            guard end > 20 else { return nil }
        }
        guard let offset = offset(bytes.extracting(end...)) else { return nil }
        return ((dayNumber(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
    }

    private static func separates(_ bytes: Span<UInt8>) -> Bool {
        bytes[4] == UInt8(ascii: "-") && bytes[7] == UInt8(ascii: "-") && bytes[10] | 0x20 == UInt8(ascii: "t")
            && bytes[13] == UInt8(ascii: ":") && bytes[16] == UInt8(ascii: ":")
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var number = 0
        for index in range {
            guard bytes[index].isDecimalDigit else { return nil }
            number = number * 10 + Int(bytes[index] - UInt8(ascii: "0"))
        }
        return number
    }

    /// The minutes that local time is ahead of UTC.
    private static func offset(_ bytes: Span<UInt8>) -> Int? {
        if bytes.count == 1 { return bytes[0] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = number(bytes, 1..<3), hours < 24,
            let minutes = number(bytes, 4..<6), minutes < 60
        else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "+"): return hours * 60 + minutes
        case UInt8(ascii: "-"): return -(hours * 60 + minutes)
        default: return nil
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01, for years that begin in March, so that a leap day is the last one.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
    }
}

extension UInt8 {
    fileprivate var isDecimalDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
