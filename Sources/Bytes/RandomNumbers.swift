internal import CLinux

/// The system's random numbers (getrandom(2)), fetched many at a time: one system call for 128 of them.
package struct RandomNumbers: Sendable {
    private var numbers = [UInt64](repeating: 0, count: 128)
    private var used = 128

    package init() {}

    /// A number that nobody can guess.
    package mutating func next() -> UInt64 {
        if used == numbers.count { refill() }
        used += 1
        return numbers[used - 1]
    }

    /// Bytes that nobody can guess.
    package mutating func bytes(count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let number = next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) where bytes.count < count {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return bytes
    }

    private mutating func refill() {
        // SAFETY: the call fills at most the bytes of the array; fewer than 257 bytes come whole, and so do more as long
        // as no signal interrupts, which is checked.
        let filled = unsafe numbers.withUnsafeMutableBytes { unsafe getrandom($0.baseAddress, $0.count, 0) }
        if filled != numbers.count * 8 {
            var system = SystemRandomNumberGenerator()
            for index in numbers.indices { numbers[index] = system.next() }
        }
        used = 0
    }
}
