import Revocation
import StrictJSON

/// Decodes the file that lists revoked tokens.
struct RevocationDecoder {
    let files: NamedFiles

    /// Decodes the value of `revocations`; faults in the file are reported at their places there.
    ///
    /// - Parameter cursor: the value.
    /// - Returns: the entries that have not ended.
    func decode(_ cursor: Cursor?) -> [RevocationEntry] {
        guard let file = files.read(cursor?["file"]) else { return [] }
        let problems = ProblemCollector(source: SourceText(bytes: file.content, file: file.path))
        defer { files.problems.include(problems) }
        guard let tree = CheckedFile.parse(file.content, problems) else { return [] }
        let root = Cursor(node: tree, pointer: .root)
        problems.hide(SecretPlaces(in: root, .revocations).ranges)
        ShapeChecker(problems: problems).check(root, .revocations)
        let elements = root["revocations"]?.elements ?? []
        if elements.count > Denylist.maximumCount {
            problems.report(
                "there can be \(Denylist.maximumCount) entries, and here are \(elements.count)",
                at: elements[Denylist.maximumCount])
            return []
        }
        return elements.compactMap { decode($0, problems) }.filter { entry in
            entry.end.map { $0 > files.surroundings.now } ?? true
        }
    }

    private func decode(_ cursor: Cursor, _ problems: ProblemCollector) -> RevocationEntry? {
        guard cursor.node.object != nil else { return nil }
        do throws(RevocationFault) {
            return try RevocationEntry(node: cursor.node, untimedSubject: .refused)
        } catch {
            let subject = error.member.map { "\"\($0)\"" } ?? "an entry"
            let pointer = error.member.map { JSONPointer.key(cursor.pointer, $0) }
            problems.report("\(subject) \(error.message)", at: error.range, pointer: pointer ?? cursor.pointer)
            return nil
        }
    }
}

extension Shape {
    /// The file that lists revoked tokens; its entries are checked by who reads them.
    fileprivate static let revocations = Shape.object(
        ObjectShape([Key("revocations", .anyList(.anyObject), .required, "The entries.")]))
}
