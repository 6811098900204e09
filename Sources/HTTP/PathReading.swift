internal import Bytes

/// Another path that a server may take a request's path for.
package struct PathReading: Equatable, Sendable {
    /// The path in this reading.
    package let path: [UInt8]
    /// The forms without which there would not be this reading; a route that allows one of them vouches for its upstream.
    package let dependsOn: PathForms

    /// Every path that a server may take a canonical path for, other than that path itself.
    ///
    /// To be called when `forms` is not empty: it allocates.
    ///
    /// - Parameters:
    ///   - path: the canonical path.
    ///   - forms: the forms in it that have other readings.
    /// - Returns: at most about a hundred readings.
    package static func all(of path: [UInt8], forms: PathForms) -> [PathReading] {
        var reader = PathReader(path: path, forms: forms)
        reader.readAll()
        return reader.readings
    }
}

/// Builds the readings of a canonical path.
struct PathReader {
    private let path: [UInt8]
    private let forms: PathForms
    private(set) var readings: [PathReading] = []

    /// The forms that can be read or not read independently of each other.
    private static let independent: [PathForms] = [
        .encodedSlash, .encodedBackslash, .emptySegments, .parameters, .doubleEncoding,
    ]

    init(path: [UInt8], forms: PathForms) {
        self.path = path
        self.forms = forms
    }

    /// Collects every other reading of the path: each subset of its forms is understood by some server.
    mutating func readAll() {
        let present = Self.independent.filter { forms.contains($0) }
        let reserved = forms.intersection(.encodedReserved)
        for choice in 0..<(1 << present.count) {
            var subset: PathForms = []
            for (bit, form) in present.enumerated() where choice & (1 << bit) != 0 { subset.formUnion(form) }
            read(subset.union(reserved))
            // Whoever decodes nothing may still merge slashes and strip parameters.
            if !reserved.isEmpty, subset.isSubset(of: [.emptySegments, .parameters]) { read(subset) }
        }
    }

    private mutating func read(_ subset: PathForms) {
        guard !subset.isEmpty else { return }
        let decoded = Self.decode(path, subset)
        guard subset.contains(.parameters) else {
            addWithNewForms(decoded, subset)
            return
        }
        addWithNewForms(Self.decode(Self.withoutParameters(path), subset), subset)
        addWithNewForms(Self.withoutParameters(decoded), subset)
    }

    /// Adds the reading, and the one in which forms that came to light by it are understood too.
    private mutating func addWithNewForms(_ bytes: [UInt8], _ subset: PathForms) {
        let merged = subset.contains(.emptySegments) ? Self.withMergedSlashes(bytes) : bytes
        add(merged, subset)
        let appeared = PathCanonicalizer.forms(of: merged.span).subtracting(forms)
        if appeared.contains(.parameters) {
            let stripped = Self.withoutParameters(merged)
            add(stripped, subset)
            add(Self.withMergedSlashes(stripped), subset)
        } else if appeared.contains(.emptySegments) {
            add(Self.withMergedSlashes(merged), subset)
        }
    }

    private mutating func add(_ bytes: [UInt8], _ subset: PathForms) {
        guard bytes != path else { return }
        for reading in readings where reading.dependsOn.isSubset(of: subset) && reading.path == bytes { return }
        readings.append(PathReading(path: bytes, dependsOn: subset))
    }

    /// The path with those escapes decoded that `subset` names.
    private static func decode(_ path: [UInt8], _ subset: PathForms) -> [UInt8] {
        guard !subset.isSubset(of: [.emptySegments, .parameters]) else { return path }
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            guard path[index] == .percent, let value = escapedValue(path, at: index) else {
                result.append(path[index])
                index += 1
                continue
            }
            if value == .percent, subset.contains(.doubleEncoding), let nested = nestedValue(path, at: index) {
                append(nested.value, to: &result)
                index = nested.end
                continue
            }
            let isDecoded =
                switch value {
                case .slash: subset.contains(.encodedSlash)
                case UInt8(ascii: "\\"): subset.contains(.encodedBackslash)
                default: subset.contains(.encodedReserved) && CharacterSet128.pathCharacter.contains(value)
                }
            if isDecoded {
                append(value, to: &result)
            } else {
                result.append(contentsOf: path[index..<index + 3])
            }
            index += 3
        }
        return result
    }

    /// What the escape at `index` stands for.
    private static func escapedValue(_ path: [UInt8], at index: Int) -> UInt8? {
        guard index + 2 < path.count, let high = path[index + 1].hexadecimalValue,
            let low = path[index + 2].hexadecimalValue
        else { return nil }
        return high << 4 | low
    }

    /// What the escaped escape at `index` stands for when it is decoded to the end, and where it ends.
    private static func nestedValue(_ path: [UInt8], at index: Int) -> (value: UInt8, end: Int)? {
        var position = index + 3
        var value: UInt8?
        while position + 1 < path.count, let high = path[position].hexadecimalValue,
            let low = path[position + 1].hexadecimalValue
        {
            value = high << 4 | low
            position += 2
            guard value == .percent else { break }
        }
        return value.map { ($0, position) }
    }

    /// Appends a decoded character in canonical form; a backslash is taken for a slash.
    private static func append(_ value: UInt8, to result: inout [UInt8]) {
        if value == UInt8(ascii: "\\") {
            result.append(.slash)
        } else {
            PathCanonicalizer.append(character: value, to: &result)
        }
    }

    /// The path without `;` and what follows it in each segment.
    private static func withoutParameters(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var isInParameters = false
        for (index, byte) in path.enumerated() {
            if byte == .slash {
                isInParameters = false
            } else if byte == UInt8(ascii: ";")
                || byte == .percent && escapedValue(path, at: index) == UInt8(ascii: ";")
            {
                isInParameters = true
            }
            if !isInParameters { result.append(byte) }
        }
        return result
    }

    private static func withMergedSlashes(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        for byte in path where byte != .slash || result.last != .slash { result.append(byte) }
        return result
    }
}
