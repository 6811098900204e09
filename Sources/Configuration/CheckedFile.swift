import Bytes
import JOSE
import StrictJSON

/// A configuration file without errors.
struct CheckedFile {
    /// The file's tree, with the environment put in.
    let root: Cursor
    /// Where the file holds secrets.
    let secrets: SecretPlaces
    /// What the file means.
    let configuration: GatewayConfiguration

    /// Reads and checks a file; see `GatewayConfiguration.read`.
    init(_ bytes: [UInt8], file: String, surroundings: Surroundings) throws(ConfigurationErrors) {
        let problems = ProblemCollector(source: SourceText(bytes: bytes, file: file))
        guard let tree = Self.parse(bytes, problems) else {
            throw ConfigurationErrors(errors: problems.findings(.error))
        }
        let written = Cursor(node: tree, pointer: .root)
        let substitution = EnvironmentSubstitution(environment: surroundings.environment, problems: problems)
        // A large file without variables is not copied.
        root =
            EnvironmentSubstitution.mayOccur(in: bytes)
            ? Cursor(node: substitution.substitute(in: written), pointer: .root) : written
        ShapeChecker(problems: problems).check(root, .gateway)
        let hash = SHA256.hash(bytes.span).hexadecimal(digits: 6)
        let files = NamedFiles(problems: problems, surroundings: surroundings, paths: PathBase(file: file))
        var configuration = ConfigurationDecoder(files: files).decode(root, hash: hash)
        secrets = SecretPlaces(in: root, .gateway)
        problems.hide(secrets.ranges)
        guard !problems.hasErrors else { throw ConfigurationErrors(errors: problems.findings(.error)) }
        ConfigurationReview(problems: problems, root: root, configuration: configuration, now: surroundings.now).run()
        configuration.warnings = problems.findings(.warning)
        self.configuration = configuration
    }

    /// What is wrong with a text that is not JSON, with a hint for what people often write.
    private static func description(of error: JSONError, in bytes: [UInt8]) -> String {
        guard error.kind == .unexpectedCharacter, error.offset < bytes.count else { return error.description }
        let before = bytes[..<error.offset].last { !" \t\r\n".utf8.contains($0) }
        switch bytes[error.offset] {
        case UInt8(ascii: "}") where before == UInt8(ascii: ","), UInt8(ascii: "]") where before == UInt8(ascii: ","):
            return "the comma before this is one too many"
        case UInt8(ascii: "/"), UInt8(ascii: "#"): return "there are no comments; use the key \"$comment\""
        case UInt8(ascii: "'"): return "strings are written in double quotes"
        case UInt8(ascii: "\""): return "a comma is missing before this"
        default: return error.description
        }
    }

    /// Parses the text; duplicate keys are reported together with everything else, any other fault alone.
    static func parse(_ bytes: [UInt8], _ problems: ProblemCollector) -> JSONNode? {
        var duplicates: [JSONDuplicate] = []
        do {
            let root = try JSONReader.read(bytes.span, collectingDuplicatesIn: &duplicates)
            for duplicate in duplicates {
                // The values of repeated keys are not in the tree.
                problems.hide(SecretPlaces(in: duplicate.valueRange, ofText: bytes).ranges)
                let line = problems.source.line(at: duplicate.firstRange.lowerBound)
                problems.report(
                    "the key \"\(duplicate.name)\" is already on line \(line) of this object", as: .duplicateKey,
                    at: duplicate.nameRange, pointer: Cursor(node: root, pointer: .root).pointer(to: duplicate))
            }
            return root
        } catch {
            // A text that does not even begin as a configuration may be a key, named by mistake.
            problems.showsSource = bytes.first.map { "{ \t\r\n".utf8.contains($0) } ?? false
            problems.hide(SecretPlaces(in: 0..<bytes.count, ofText: bytes).ranges)
            let offset = min(error.offset, bytes.count)
            let words = description(of: error, in: bytes)
            problems.report(
                "not JSON: \(words)", as: .syntax, at: offset..<min(offset + 1, bytes.count), pointer: .root)
            return nil
        }
    }
}
