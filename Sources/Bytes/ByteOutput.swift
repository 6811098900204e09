extension OutputSpan where Element == UInt8 {
    /// Appends `bytes`, which must fit.
    @inlinable @_lifetime(self: copy self)
    package mutating func append(_ bytes: Span<UInt8>) {
        // SAFETY: the pointer is used only inside the closure, in which `bytes` is alive and `count` bytes long.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe append(start, count: source.count)
        }
    }

    /// Appends `bytes`, which must fit.
    @inlinable @_lifetime(self: copy self)
    package mutating func append(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    /// Appends the characters of `text`, a literal, which must fit.
    @inlinable @inline(__always) @_lifetime(self: copy self)
    package mutating func append(_ text: StaticString) {
        // SAFETY: a static string's pointer is valid for the life of the process and `utf8CodeUnitCount` bytes long.
        unsafe append(text.utf8Start, count: text.utf8CodeUnitCount)
    }

    @inlinable @inline(__always) @_lifetime(self: copy self)
    mutating func append(_ start: UnsafePointer<UInt8>, count added: Int) {
        // SAFETY: that the bytes fit is checked first; nobody else can refer to memory that is not yet initialised.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            precondition(added <= buffer.count &- count, "more bytes than were reserved")
            guard let base = buffer.baseAddress else { return }
            unsafe (base + count).initialize(from: start, count: added)
            count &+= added
        }
    }

    /// Appends `number` in decimal digits, which must fit.
    @_lifetime(self: copy self)
    package mutating func append(decimal number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }

    /// Appends `number` in decimal digits, which must fit.
    @_lifetime(self: copy self)
    package mutating func append(decimal number: UInt) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
    }

    /// Appends the last two decimal digits of `number`.
    @inlinable @_lifetime(self: copy self)
    package mutating func append(twoDigits number: Int) {
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 10 % 10))
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
    }

    /// Appends the last six decimal digits of `number`.
    @inlinable @_lifetime(self: copy self)
    package mutating func append(sixDigits number: Int) {
        append(twoDigits: number / 10_000)
        append(twoDigits: number / 100)
        append(twoDigits: number)
    }
}
