internal import Bytes

/// A field section (RFC 9110 section 5): its lines in order, all their bytes in one array.
///
/// Made to be used again: `removeAll` keeps the storage.
package struct Fields: ~Copyable, Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var lines: [FieldLine] = []
    /// The known names that occur, one bit each.
    private(set) var present = FieldNameSet()
    /// The known names that occur more than once.
    private(set) var repeated = FieldNameSet()
    /// How many lines have a name with an underscore.
    private(set) package var underscoreCount = 0

    package init() {}

    /// The number of lines.
    package var count: Int { lines.count }

    package var isEmpty: Bool { lines.isEmpty }

    /// Removes every line and keeps the storage.
    package mutating func removeAll() {
        bytes.clear()
        lines.clear()
        present = FieldNameSet()
        repeated = FieldNameSet()
        underscoreCount = 0
    }

    /// The name of a line.
    ///
    /// - Parameter index: which line, from 0 to `count - 1`.
    /// - Returns: the name as it was sent.
    @_lifetime(borrow self)
    package borrowing func name(at index: Int) -> Span<UInt8> {
        let line = lines[index]
        return bytes.span.extracting(line.name)
    }

    /// The value of a line.
    ///
    /// - Parameter index: which line, from 0 to `count - 1`.
    /// - Returns: the value without whitespace at its ends.
    @_lifetime(borrow self)
    package borrowing func value(at index: Int) -> Span<UInt8> {
        let line = lines[index]
        return bytes.span.extracting(line.value)
    }

    /// The value of the first line with a name.
    ///
    /// - Parameter name: the name to look for.
    /// - Returns: the value without whitespace at its ends; nil if there is no such line.
    @_lifetime(borrow self)
    package borrowing func value(of name: FieldName) -> Span<UInt8>? {
        guard let index = firstIndex(of: name) else { return nil }
        return value(at: index)
    }

    /// The meaning of the name of a line.
    ///
    /// - Parameter index: which line, from 0 to `count - 1`.
    /// - Returns: nil if the name is not known.
    package func known(at index: Int) -> FieldName? { lines[index].known }

    /// Looks for an underscore in the name of a line.
    ///
    /// - Parameter index: which line, from 0 to `count - 1`.
    /// - Returns: whether there is one.
    package func hasUnderscore(at index: Int) -> Bool { lines[index].flags.contains(.underscore) }

    /// Decides whether a line is for this connection only (RFC 9110 section 7.6.1).
    ///
    /// - Parameter index: which line, from 0 to `count - 1`.
    /// - Returns: whether it is in the section's fixed list, or the `Connection` field of the message names it.
    package func isHopByHop(at index: Int) -> Bool {
        let line = lines[index]
        if line.flags.contains(.connectionOption) { return true }
        guard let known = line.known else { return false }
        return FieldNameSet.hopByHop.contains(known)
    }

    /// Looks for the name of a line in the `Connection` field of the message.
    ///
    /// - Parameter index: which line, from 0 to `count - 1`.
    /// - Returns: whether it is named there.
    package func isConnectionOption(at index: Int) -> Bool { lines[index].flags.contains(.connectionOption) }

    /// Looks for a name.
    ///
    /// - Parameter name: the name to look for.
    /// - Returns: whether any line has it.
    package func contains(_ name: FieldName) -> Bool { present.contains(name) }

    /// The first line with the name.
    ///
    /// - Parameter name: the name to look for.
    /// - Returns: the index of the line, or nil.
    package func firstIndex(of name: FieldName) -> Int? {
        present.contains(name) ? nextIndex(of: name, from: 0) : nil
    }

    /// The first line with the name at or after a place.
    ///
    /// - Parameters:
    ///   - name: the name to look for.
    ///   - start: the first line to look at.
    /// - Returns: the index of the line, or nil.
    package func nextIndex(of name: FieldName, from start: Int) -> Int? {
        var index = start
        while index < lines.count {
            if lines[index].known == name { return index }
            index += 1
        }
        return nil
    }

    /// The first line with a name, whatever its case.
    ///
    /// - Parameter name: the name in lower case.
    /// - Returns: the index of the line, or nil.
    package func firstIndex(named name: Span<UInt8>) -> Int? {
        for index in lines.indices where self.name(at: index).equalsIgnoringCase(lowercase: name) { return index }
        return nil
    }

    /// Counts the lines with a name.
    ///
    /// - Parameter name: the name to look for.
    /// - Returns: how many there are.
    package func count(of name: FieldName) -> Int {
        guard repeated.contains(name) else { return present.contains(name) ? 1 : 0 }
        return lines.count { $0.known == name }
    }

    /// Adds a line.
    ///
    /// - Parameters:
    ///   - name: a token (RFC 9110 section 5.6.2).
    ///   - value: a field value without CR, LF and NUL.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        let start = bytes.count
        bytes.append(addingCapacity: name.count + value.count + 4) { output in
            output.append(name)
            output.append(": ")
            output.append(value)
            output.append("\r\n")
        }
        let valueStart = start + name.count + 2
        var flags = FieldLine.Flags.verbatim
        if name.firstIndex(of: UInt8(ascii: "_")) != nil { flags.insert(.underscore) }
        record(
            FieldLine(
                name: start..<start + name.count, value: valueStart..<valueStart + value.count,
                known: FieldName(name), flags: flags))
    }

    /// Appends a line as `Name: value` and CRLF.
    ///
    /// - Parameters:
    ///   - index: which line, from 0 to `count - 1`.
    ///   - output: what to append to.
    package func append(line index: Int, to output: inout [UInt8]) {
        let line = lines[index]
        if line.flags.contains(.verbatim) {
            output.append(bytes.span.extracting(line.wholeLine))
        } else {
            output.append(bytes.span.extracting(line.name))
            output.append(": ")
            output.append(bytes.span.extracting(line.value))
            output.append("\r\n")
        }
    }

    /// Appends lines as `append(line:to:)` does, as many at once as stand together.
    ///
    /// - Parameters:
    ///   - range: which lines.
    ///   - output: what to append to.
    package func append(lines range: Range<Int>, to output: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            guard lines[index].flags.contains(.verbatim) else {
                append(line: index, to: &output)
                index += 1
                continue
            }
            let start = lines[index].wholeLine.lowerBound
            var end = lines[index].wholeLine.upperBound
            index += 1
            while index < range.upperBound, lines[index].flags.contains(.verbatim),
                lines[index].wholeLine.lowerBound == end
            {
                end = lines[index].wholeLine.upperBound
                index += 1
            }
            output.append(bytes.span.extracting(start..<end))
        }
    }

    // MARK: Filling by the parser

    /// Adds a line whose bytes follow with `fill`; its offsets are those in the whole section.
    mutating func record(_ line: FieldLine) {
        lines.append(line)
        if line.flags.contains(.underscore) { underscoreCount += 1 }
        guard let known = line.known else { return }
        if present.contains(known) { repeated.insert(known) }
        present.insert(known)
    }

    /// Copies the bytes of all the recorded lines at once.
    mutating func fill(_ section: Span<UInt8>) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(section)
    }

    /// Marks the lines with a name as named by `Connection`, unless the gateway manages the field itself.
    mutating func markConnectionOption(_ lowercaseName: Span<UInt8>) {
        for index in lines.indices {
            let line = lines[index]
            guard line.nameCount == lowercaseName.count,
                bytes.span.extracting(line.name).equalsIgnoringCase(lowercase: lowercaseName)
            else { continue }
            if let known = line.known, FieldNameSet.managed.contains(known) { continue }
            lines[index].flags.insert(.connectionOption)
        }
    }
}
