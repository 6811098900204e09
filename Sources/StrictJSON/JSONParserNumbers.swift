extension JSONParser {
    /// Reads a number (RFC 8259 §6); the current byte is its sign or first digit.
    @_lifetime(self: copy self)
    mutating func readNumber() throws(JSONError) -> JSONNumber {
        let start = position
        let isNegative = skipIfCurrent(UInt8(ascii: "-"))
        let integerStart = position
        try skipDigits(from: start)
        if bytes[integerStart] == UInt8(ascii: "0") && position > integerStart + 1 {
            throw JSONError(.malformedNumber, at: start)
        }
        let integerEnd = position
        if skipIfCurrent(UInt8(ascii: ".")) { try skipDigits(from: start) }
        if skipIfCurrent(UInt8(ascii: "e")) || skipIfCurrent(UInt8(ascii: "E")) {
            if !skipIfCurrent(UInt8(ascii: "+")) { _ = skipIfCurrent(UInt8(ascii: "-")) }
            try skipDigits(from: start)
        }
        let text = String(copying: try digits(start..<position))
        guard position == integerEnd else { return JSONNumber(text: text, integer: nil) }
        return JSONNumber(text: text, integer: integer(integerStart..<integerEnd, isNegative: isNegative))
    }

    @_lifetime(self: copy self)
    private mutating func skipDigits(from numberStart: Int) throws(JSONError) {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position == start else { return }
        throw JSONError(position < bytes.count ? .malformedNumber : .unexpectedEnd, at: numberStart)
    }

    @_lifetime(copy self)
    private func digits(_ range: Range<Int>) throws(JSONError) -> UTF8Span {
        do {
            return try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw JSONError(.malformedNumber, at: range.lowerBound)
        }
    }

    /// The value of the digits in `range`, or nil if it does not fit.
    private func integer(_ range: Range<Int>, isNegative: Bool) -> Int? {
        var value = 0
        for index in range {
            let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int(bytes[index] - UInt8(ascii: "0"))
            let (next, overflow) = tens.addingReportingOverflow(isNegative ? -digit : digit)
            if tensOverflow || overflow { return nil }
            value = next
        }
        return value
    }
}
