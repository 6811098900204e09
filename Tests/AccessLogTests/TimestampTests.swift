import AccessLog
import Bytes
import Testing

@Suite("RFC 3339 §5.6: time of day in UTC")
struct TimestampTests {
    @Test(
        "microseconds since 1970 become a date and a time",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (951_868_800_000_000, "2000-03-01T00:00:00.000000Z"),
            (1_795_507_201_123_456, "2026-11-24T08:00:01.123456Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799_000_000, "9999-12-31T23:59:59.000000Z"),
        ] as [(Int64, String)])
    func dates(_ time: Int64, _ expected: String) {
        var timestamp = Timestamp()
        var output: [UInt8] = []
        timestamp.append(time, to: &output)
        #expect(output.span.text == expected)
    }

    @Test("the second that is remembered is not used for another")
    func remembered() {
        var timestamp = Timestamp()
        var output: [UInt8] = []
        for time: Int64 in [999_999, 1_000_000, 1_000_001, 0] { timestamp.append(time, to: &output) }
        #expect(
            output.span.text == "1970-01-01T00:00:00.999999Z1970-01-01T00:00:01.000000Z"
                + "1970-01-01T00:00:01.000001Z1970-01-01T00:00:00.000000Z")
    }
}
