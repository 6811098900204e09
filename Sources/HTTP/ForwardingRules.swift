internal import Bytes

/// Which field lines cross from one side of the gateway to the other.
///
/// What does not cross is either for one connection only, or written anew by the gateway: framing, host, expectations and
/// everything it manages.
package struct ForwardingRules: Sendable {
    /// What happens to field names with an underscore, which some servers take for a hyphen.
    package enum UnderscoreFields: Sendable { case drop, pass }

    /// What happens to field names with an underscore; managed names never pass.
    package var underscoreFields = UnderscoreFields.drop

    /// Managed names besides the known ones, in lower case and with hyphens.
    private var managedNames: [[UInt8]] = []
    /// The lengths that occur among them, one bit each, so that most lines are not compared at all.
    private var managedLengths: UInt64 = 0

    /// - Parameter managedNames: names of fields that the gateway alone may set, such as those that tell the identity.
    package init(managedNames: [String] = []) {
        for name in managedNames {
            let canonical = name.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0.lowercasedASCII }
            self.managedNames.append(canonical)
            managedLengths |= Self.lengthBit(canonical.count)
        }
    }

    /// Decides about a line of a request.
    ///
    /// - Parameters:
    ///   - index: which line of `fields`.
    ///   - fields: the section of the request.
    ///   - forwarding: whether the client is a trusted proxy; what `ForwardedRequest` writes does not cross all the same.
    ///   - overrides: whether the route allows overrides of method and URL.
    /// - Returns: whether it crosses to the upstream.
    package func requestLineCrosses(
        _ index: Int, of fields: borrowing Fields, forwarding: Bool = false, overrides: Bool = false
    ) -> Bool {
        var set = FieldNameSet.notForwardedInRequests
        if forwarding { set.subtract(.passedFromProxies) }
        if overrides { set.subtract(.overrides) }
        return crosses(index, of: fields, blocked: set)
    }

    /// Appends the lines of a request that cross to the upstream.
    ///
    /// - Parameters:
    ///   - fields: the section of the request.
    ///   - forwarding: whether the client is a trusted proxy; what `ForwardedRequest` writes does not cross all the same.
    ///   - overrides: whether the route allows overrides of method and URL.
    ///   - stripped: names that do not cross either, such as `authorization` where the route says so.
    ///   - output: what to append to.
    /// - Returns: how many lines were dropped for an underscore in their names.
    package func appendRequestLines(
        _ fields: borrowing Fields, forwarding: Bool = false, overrides: Bool = false,
        stripped: FieldNameSet = FieldNameSet(), to output: inout [UInt8]
    ) -> Int {
        var set = FieldNameSet.notForwardedInRequests
        if forwarding { set.subtract(.passedFromProxies) }
        if overrides { set.subtract(.overrides) }
        return appendLines(fields, blocked: set.union(stripped), to: &output)
    }

    /// Appends the lines of a response that cross to the client.
    ///
    /// - Parameters:
    ///   - fields: the section of the response.
    ///   - stripped: names that do not cross either.
    ///   - output: what to append to.
    package func appendResponseLines(
        _ fields: borrowing Fields, stripped: FieldNameSet = FieldNameSet(), to output: inout [UInt8]
    ) {
        _ = appendLines(fields, blocked: .notForwardedInResponses.union(stripped), to: &output)
    }

    /// Looks for managed names that are repeated, in whatever spelling.
    ///
    /// - Parameter fields: the section of the request.
    /// - Returns: whether the request holds one of the names of this set more than once.
    package func repeatsManagedName(_ fields: borrowing Fields) -> Bool {
        guard !managedNames.isEmpty else { return false }
        var seen: [[UInt8]] = []
        for index in 0..<fields.count {
            let name = fields.name(at: index)
            guard managedLengths & Self.lengthBit(name.count) != 0 else { continue }
            for managed in managedNames where Self.isSpelling(name, of: managed) {
                if seen.contains(managed) { return true }
                seen.append(managed)
            }
        }
        return false
    }

    private func appendLines(_ fields: borrowing Fields, blocked: FieldNameSet, to output: inout [UInt8]) -> Int {
        var run = 0..<0
        var dropped = 0
        for index in 0..<fields.count {
            if crosses(index, of: fields, blocked: blocked) {
                run = run.isEmpty ? index..<index + 1 : run.lowerBound..<index + 1
            } else {
                if fields.hasUnderscore(at: index) { dropped += 1 }
                if !run.isEmpty { fields.append(lines: run, to: &output) }
                run = 0..<0
            }
        }
        if !run.isEmpty { fields.append(lines: run, to: &output) }
        return dropped
    }

    @inline(__always)
    private func crosses(_ index: Int, of fields: borrowing Fields, blocked: FieldNameSet) -> Bool {
        let line = fields.lines[index]
        if line.flags.contains(.connectionOption) { return false }
        if let known = line.known { return !blocked.contains(known) }
        if line.flags.contains(.underscore) {
            return underscoreFields == .pass && passesDespiteUnderscore(fields.name(at: index))
        }
        return managedLengths & Self.lengthBit(line.nameCount) == 0 || !isManaged(fields.name(at: index))
    }

    /// Whether a name with underscores is none that the gateway gives a meaning to.
    private func passesDespiteUnderscore(_ name: Span<UInt8>) -> Bool {
        var hyphenated: [UInt8] = []
        for index in name.indices {
            hyphenated.append(name[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : name[index])
        }
        return FieldName(hyphenated.span) == nil && !isManaged(name)
    }

    private func isManaged(_ name: Span<UInt8>) -> Bool {
        managedNames.contains { Self.isSpelling(name, of: $0) }
    }

    private static func isSpelling(_ name: Span<UInt8>, of managed: [UInt8]) -> Bool {
        guard name.count == managed.count else { return false }
        for index in name.indices {
            let byte = name[index] == UInt8(ascii: "_") ? UInt8(ascii: "-") : name[index].lowercasedASCII
            if byte != managed[index] { return false }
        }
        return true
    }

    private static func lengthBit(_ length: Int) -> UInt64 { 1 << UInt64(min(length, 63)) }
}
