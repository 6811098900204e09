import Bytes

/// Writes times of day in UTC with microseconds (RFC 3339 §5.6) and keeps the text of the last second.
package struct Timestamp: Sendable {
    /// The most bytes that `append` writes.
    package static let maximumLength = 27

    private var second = Int64.min
    /// `2026-11-24T08:00:01.`, for `second`.
    private var prefix: [UInt8] = []

    package init() {}

    /// Appends `time`, such as `2026-11-24T08:00:01.123456Z`.
    ///
    /// - Parameters:
    ///   - time: microseconds since 1970-01-01T00:00:00Z.
    ///   - output: receives the text.
    package mutating func append(_ time: Int64, to output: inout OutputSpan<UInt8>) {
        var (whole, fraction) = time.quotientAndRemainder(dividingBy: 1_000_000)
        if fraction < 0 {
            whole -= 1
            fraction += 1_000_000
        }
        if whole != second { remember(whole) }
        output.append(prefix.span)
        output.append(sixDigits: Int(fraction))
        output.append(UInt8(ascii: "Z"))
    }

    /// Appends `time`; see the method for output spans.
    ///
    /// - Parameters:
    ///   - time: microseconds since 1970-01-01T00:00:00Z.
    ///   - output: receives the text.
    package mutating func append(_ time: Int64, to output: inout [UInt8]) {
        output.append(addingCapacity: Self.maximumLength) { append(time, to: &$0) }
    }

    private mutating func remember(_ newSecond: Int64) {
        second = newSecond
        var (days, ofDay) = Int(newSecond).quotientAndRemainder(dividingBy: 86_400)
        if ofDay < 0 {
            days -= 1
            ofDay += 86_400
        }
        let date = CivilDate(daysSince1970: days)
        prefix.removeAll(keepingCapacity: true)
        prefix.append(addingCapacity: 20) { prefix in
            prefix.append(twoDigits: date.year / 100)
            prefix.append(twoDigits: date.year % 100)
            prefix.append(UInt8(ascii: "-"))
            prefix.append(twoDigits: date.month)
            prefix.append(UInt8(ascii: "-"))
            prefix.append(twoDigits: date.day)
            prefix.append(UInt8(ascii: "T"))
            prefix.append(twoDigits: ofDay / 3600)
            prefix.append(UInt8(ascii: ":"))
            prefix.append(twoDigits: ofDay / 60 % 60)
            prefix.append(UInt8(ascii: ":"))
            prefix.append(twoDigits: ofDay % 60)
            prefix.append(UInt8(ascii: "."))
        }
    }
}

/// A day of the Gregorian calendar.
struct CivilDate: Equatable {
    let year: Int
    let month: Int
    let day: Int

    /// Counts in years that begin in March, so that the leap day is a year's last, and in eras of 400 years, which all
    /// have 146 097 days.
    init(daysSince1970: Int) {
        let days = daysSince1970 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends a duration in seconds with six digits behind the point, such as `0.000214`.
    @_lifetime(self: copy self)
    mutating func append(seconds microseconds: Int64) {
        let amount = UInt(max(0, microseconds))
        append(decimal: amount / 1_000_000)
        append(UInt8(ascii: "."))
        append(sixDigits: Int(amount % 1_000_000))
    }
}
