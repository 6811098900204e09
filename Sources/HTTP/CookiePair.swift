internal import Bytes

/// A name and a value in a `Cookie` field (RFC 6265 section 4.2.1), where they stand in the field's value.
///
/// Pairs are taken apart as servers do it: at every semicolon, and at the first equals sign of what is between two. White space
/// at the ends of names and values, and one pair of quotation marks around a value, is not part of them.
package struct CookiePair: Equatable, Sendable {
    /// Everything between two semicolons.
    let whole: Range<Int>
    /// The name; empty where there is no equals sign.
    let name: Range<Int>
    /// The value without quotation marks.
    let value: Range<Int>

    /// What a section says of a cookie.
    package enum Match: Equatable, Sendable {
        /// There is none of the name.
        case none
        /// There are several: servers do not agree on which one counts.
        case repeated
        /// There is one; its value is a part of the value of a line.
        case found(line: Int, value: Range<Int>)
    }

    /// Reads the pair that begins at `position`; nil behind the last pair.
    ///
    /// - Parameters:
    ///   - field: the value of a `Cookie` field.
    ///   - position: where to begin; afterwards, where the next pair begins.
    init?(of field: Span<UInt8>, _ position: inout Int) {
        guard position <= field.count else { return nil }
        let end = field.firstIndex(of: UInt8(ascii: ";"), from: position) ?? field.count
        whole = position..<end
        position = end + 1
        var equals = whole.lowerBound
        while equals < end, field[equals] != UInt8(ascii: "=") { equals += 1 }
        guard equals < end else {
            name = whole.lowerBound..<whole.lowerBound
            value = field.trimmed(whole)
            return
        }
        name = field.trimmed(whole.lowerBound..<equals)
        let text = field.trimmed(equals + 1..<end)
        let quote = UInt8(ascii: "\"")
        let isQuoted = text.count >= 2 && field[text.lowerBound] == quote && field[text.upperBound - 1] == quote
        value = isQuoted ? text.lowerBound + 1..<text.upperBound - 1 : text
    }
}

extension Fields {
    /// Looks for a cookie in all `Cookie` lines.
    ///
    /// - Parameter name: its name, in which case matters.
    /// - Returns: the one of that name, if there is one only.
    package func cookie(named name: Span<UInt8>) -> CookiePair.Match {
        var match = CookiePair.Match.none
        var next = firstIndex(of: .cookie)
        while let line = next {
            let field = value(at: line)
            var position = 0
            while let pair = CookiePair(of: field, &position) {
                guard field.extracting(pair.name).equals(name) else { continue }
                guard match == .none else { return .repeated }
                match = .found(line: line, value: pair.value)
            }
            next = nextIndex(of: .cookie, from: line + 1)
        }
        return match
    }

    /// Appends the `Cookie` lines that are not for the connection only, without the cookies of one name. What is left of a line
    /// stays as it is, but for the space in front of it; nothing is left of a line without other cookies.
    ///
    /// - Parameters:
    ///   - name: the name, in which case matters.
    ///   - output: what to append to.
    package func appendCookies(without name: Span<UInt8>, to output: inout [UInt8]) {
        for line in 0..<count where known(at: line) == .cookie && !isConnectionOption(at: line) {
            let field = value(at: line)
            let start = output.count
            var isFirst = true
            var position = 0
            while let pair = CookiePair(of: field, &position) {
                if field.extracting(pair.name).equals(name) { continue }
                if isFirst {
                    output.append(self.name(at: line))
                    output.append(": ")
                    output.append(field.extracting(field.trimmed(pair.whole).lowerBound..<pair.whole.upperBound))
                } else {
                    output.append(";")
                    output.append(field.extracting(pair.whole))
                }
                isFirst = false
            }
            if output.count > start { output.append("\r\n") }
        }
    }
}
