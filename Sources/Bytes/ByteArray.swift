extension Array {
    /// Removes everything and keeps the storage; unlike `removeAll`, it costs nothing where there is nothing.
    @inlinable
    package mutating func clear() {
        if !isEmpty { removeAll(keepingCapacity: true) }
    }
}

extension Array where Element == UInt8 {
    /// Appends `bytes`.
    package mutating func append(_ bytes: Span<UInt8>) {
        append(addingCapacity: bytes.count) { $0.append(bytes) }
    }

    /// Appends the characters of `text`, a literal.
    package mutating func append(_ text: StaticString) {
        append(addingCapacity: text.utf8CodeUnitCount) { $0.append(text) }
    }

    /// Appends `number` in decimal digits.
    package mutating func append(decimal number: Int) {
        append(addingCapacity: 20) { $0.append(decimal: number) }
    }

    /// Appends `number` in decimal digits.
    package mutating func append(decimal number: UInt) {
        append(addingCapacity: 20) { $0.append(decimal: number) }
    }

    /// Appends `number` in lower-case hexadecimal digits without leading zeros.
    package mutating func append(hexadecimal number: UInt) {
        var shift = (UInt.bitWidth - 1 - number.leadingZeroBitCount) & ~3
        if number == 0 { shift = 0 }
        while shift >= 0 {
            append(hexadecimalDigit(UInt8((number >> UInt(shift)) & 15)))
            shift -= 4
        }
    }

    /// Appends `bytes` behind their number, so that no two lists of texts are written the same.
    package mutating func append(counted bytes: some Collection<UInt8>) {
        append(":")
        append(decimal: bytes.count)
        append(":")
        append(contentsOf: bytes)
    }

    /// Overwrites the bytes from `offset` on with those of `source`, a range of this array; the two may overlap.
    mutating func replaceBytes(at offset: Int, from source: Range<Int>) {
        precondition(source.lowerBound >= 0 && source.upperBound <= count && offset + source.count <= count)
        // SAFETY: both ranges were checked against `count`, and `update` allows them to overlap.
        unsafe withUnsafeMutableBufferPointer { all in
            guard let base = all.baseAddress else { return }
            unsafe (base + offset).update(from: base + source.lowerBound, count: source.count)
        }
    }

    /// Overwrites the bytes from `offset` on with `source`.
    mutating func replaceBytes(at offset: Int, with source: Span<UInt8>) {
        precondition(offset + source.count <= count)
        // SAFETY: the range was checked against `count`; `source` cannot overlap an array that is being changed.
        unsafe withUnsafeMutableBufferPointer { all in
            unsafe source.withUnsafeBufferPointer { bytes in
                guard let base = all.baseAddress, let start = bytes.baseAddress else { return }
                unsafe (base + offset).update(from: start, count: bytes.count)
            }
        }
    }
}

/// The lower-case hexadecimal digit for `value`, 0 to 15.
package func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
