import Bytes

/// Makes request identifiers: ULIDs, 48 bits of milliseconds and 80 random bits in 26 characters of Crockford's base 32.
///
/// They sort by time, are unique without coordination, and cannot be guessed.
struct RequestIdentifiers {
    static let length = 26

    private var random = RandomPool()

    /// Replaces `identifier` by a new one for the time `microseconds` since 1970.
    mutating func next(at microseconds: Int64, into identifier: inout [UInt8]) {
        let time = UInt64(microseconds / 1000)
        let high = random.next()
        let low = random.next()
        identifier.removeAll(keepingCapacity: true)
        for shift in stride(from: 45, through: 0, by: -5) { identifier.append(Self.digit(time >> UInt64(shift))) }
        for shift in stride(from: 35, through: 0, by: -5) { identifier.append(Self.digit(high >> UInt64(shift))) }
        for shift in stride(from: 35, through: 0, by: -5) { identifier.append(Self.digit(low >> UInt64(shift))) }
    }

    private static func digit(_ value: UInt64) -> UInt8 {
        // The alphabet leaves out I, L, O and U.
        let value = UInt8(truncatingIfNeeded: value & 31)
        switch value {
        case 0..<10: return UInt8(ascii: "0") + value
        case 10..<18: return UInt8(ascii: "A") + value - 10
        case 18..<20: return UInt8(ascii: "J") + value - 18
        case 20..<22: return UInt8(ascii: "M") + value - 20
        case 22..<27: return UInt8(ascii: "P") + value - 22
        default: return UInt8(ascii: "V") + value - 27
        }
    }
}

/// The system's random numbers, fetched many at a time: one system call for 128 of them.
private struct RandomPool {
    private var numbers: [UInt64] = []

    mutating func next() -> UInt64 {
        if numbers.isEmpty {
            var system = SystemRandomNumberGenerator()
            for _ in 0..<128 { numbers.append(system.next()) }
        }
        return numbers.removeLast()
    }
}
