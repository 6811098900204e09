import Bytes
import JOSE
import StrictJSON

extension GatewayConfiguration {
    /// Reads and checks the file at `path`; blocks, so never on an event loop.
    ///
    /// - Parameters:
    ///   - path: the configuration file; relative paths in it are relative to its directory.
    ///   - surroundings: where files and variables are read.
    /// - Returns: the configuration, with defaults filled in.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with it.
    package static func load(
        path: String, surroundings: Surroundings = .process
    ) throws(ConfigurationErrors) -> GatewayConfiguration {
        let bytes: [UInt8]
        switch surroundings.contentsOfFile(path) {
        case .success(let content): bytes = content
        case .failure(let error):
            let unreadable = ConfigurationError(
                message: "cannot read the configuration: \(error.message)", file: path, line: 0, column: 0, pointer: "",
                sourceLine: "", indentation: 0, width: 0)
            throw ConfigurationErrors(errors: [unreadable])
        }
        return try read(bytes, file: path, surroundings: surroundings)
    }

    /// Reads and checks a configuration.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: its name; relative paths in it are relative to its directory.
    ///   - surroundings: the environment and the files that the text refers to.
    /// - Returns: the configuration, with defaults filled in.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with it.
    package static func read(
        _ bytes: [UInt8], file: String, surroundings: Surroundings
    ) throws(ConfigurationErrors) -> GatewayConfiguration {
        let problems = ProblemCollector(source: SourceText(bytes: bytes, file: file))
        guard let root = parse(bytes, problems) else { throw ConfigurationErrors(errors: problems.errors()) }
        let written = Cursor(node: root, pointer: .root)
        let substitution = EnvironmentSubstitution(environment: surroundings.environment, problems: problems)
        let cursor = Cursor(node: substitution.substitute(in: written), pointer: .root)
        ShapeChecker(problems: problems).check(cursor, .gateway)
        let hash = SHA256.hash(bytes.span).hexadecimal(digits: 6)
        let decoder = ConfigurationDecoder(problems: problems, surroundings: surroundings, paths: PathBase(file: file))
        let configuration = decoder.decode(cursor, hash: hash)
        guard problems.isEmpty else { throw ConfigurationErrors(errors: problems.errors()) }
        return configuration
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
    private static func parse(_ bytes: [UInt8], _ problems: ProblemCollector) -> JSONNode? {
        var duplicates: [JSONDuplicate] = []
        do {
            let root = try JSONReader.read(bytes.span, collectingDuplicatesIn: &duplicates)
            for duplicate in duplicates {
                let line = problems.source.line(at: duplicate.firstRange.lowerBound)
                problems.report(
                    "the key \"\(duplicate.name)\" is already on line \(line) of this object", at: duplicate.nameRange,
                    pointer: Cursor(node: root, pointer: .root).pointer(to: duplicate))
            }
            return root
        } catch {
            let offset = min(error.offset, bytes.count)
            let words = description(of: error, in: bytes)
            problems.report("not JSON: \(words)", at: offset..<min(offset + 1, bytes.count), pointer: .root)
            return nil
        }
    }
}

/// The directory that relative paths of a configuration start from.
struct PathBase {
    /// The directory with a slash at its end; empty for the current one.
    private let prefix: String

    /// - Parameter file: the configuration file.
    init(file: String) {
        prefix = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// The path as the process opens it.
    func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : prefix + path }

    /// The address with the path of its socket resolved.
    func resolve(_ address: SocketAddressConfiguration) -> SocketAddressConfiguration {
        if case .unix(let path) = address { .unix(path: resolve(path)) } else { address }
    }
}
