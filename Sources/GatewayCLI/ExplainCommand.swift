import AccessLog
import ArgumentParser
import Bytes
import Configuration
import Gateway
import StrictJSON
import Transport

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show what becomes of a request, and why.",
        discussion: """
            The gateway's own evaluator decides, on the configuration's file; no gateway has to run. A token is never \
            printed. With --claims, --scopes or --roles no signature is checked.

            Exit status: 0 if the request is permitted, 1 if it is denied or rejected, 2 if it cannot be decided on, \
            64 if the command line is wrong, 66 if the token cannot be read, 78 if the configuration has errors.
            """)

    @Argument(help: "The method.")
    var method: String

    @Argument(help: "The target as it is sent: a path with or without a query, or a URL.")
    var target: String

    @Option(help: "The Host.")
    var host: String?

    @Option(help: "The file that holds the token; - reads it from standard input.")
    var token: String?

    @Option(help: "The claims of a token, as a JSON object; iss may be left out where there is one issuer.")
    var claims: String?

    @Option(help: "Scopes of a token that is good otherwise, separated by commas or spaces; may be repeated.")
    var scopes: [String] = []

    @Option(help: "Roles of such a token, separated by commas; may be repeated.")
    var roles: [String] = []

    @Option(help: "The name of the issuer of such a token; the first by default.")
    var issuer: String?

    @Option(help: "When to decide, in seconds since 1970; now by default.")
    var at: Int?

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Print a JSON object.")
    var json = false

    private var isGranted: Bool { !scopes.isEmpty || !roles.isEmpty || issuer != nil }

    func validate() throws {
        for (name, text) in [("method", method), ("target", target), ("host", host ?? "")]
        where SupposedRequest.holdsLineEnd(text) { throw ValidationError("The \(name) holds a line end.") }
        guard [token != nil, claims != nil, isGranted].count(where: \.self) <= 1 else {
            throw ValidationError("Only one of --token, --claims, and --scopes with --roles and --issuer is possible.")
        }
        if let at, !(0..<1 << 53).contains(at) { throw ValidationError("--at is a number of seconds since 1970.") }
    }

    func run() throws {
        let request = SupposedRequest(method: method, target: target, host: host, credential: try credential())
        let configuration = try source.load(orExitWith: ExitCode.badConfiguration.rawValue)
        let explanation: Explanation
        do throws(ExplainerError) {
            explanation = try Explainer(configuration).explain(
                request, file: source.file, now: at ?? WallClock.seconds)
        } catch {
            StandardError.print(error.message)
            if case .unknownIssuer = error { throw ExitCode.usage }
            throw ExitCode.failed
        }
        if json {
            print(explanation.json.document.span.text, terminator: "")
        } else {
            print(ExplanationText(explanation).text)
        }
        throw ExitCode(explanation.outcome.decision)
    }

    private func credential() throws -> SupposedRequest.Credential {
        if let token { return .token(try contents(ofToken: token)) }
        if let claims {
            do throws(JSONError) {
                guard let members = try JSONReader.read(claims.utf8.span).object else {
                    throw JSONError(.unexpectedCharacter, at: 0)
                }
                return .claims(members)
            } catch {
                throw ValidationError(
                    "--claims is not a JSON object: \(error.description) (at byte \(error.offset + 1)).")
            }
        }
        guard isGranted else { return .none }
        return .granted(
            scopes: scopes.flatMap { $0.split { ", ".contains($0) }.map(String.init) },
            roles: roles.flatMap { $0.split(separator: ",").map(String.init) }, issuer: issuer)
    }

    private func contents(ofToken name: String) throws -> [UInt8] {
        var bytes: [UInt8]
        do throws(FileError) {
            bytes = try name == "-" ? StandardInput.read(limit: 1 << 20) : FileContents.read(name, limit: 1 << 20)
        } catch {
            StandardError.print("\(name): \(error.message)")
            throw ExitCode.noInput
        }
        while let last = bytes.last, " \t\r\n".utf8.contains(last) { bytes.removeLast() }
        guard !bytes.isEmpty, !bytes.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else {
            StandardError.print("\(name): this is not one token")
            throw ExitCode.usage
        }
        return bytes
    }
}

extension ExitCode {
    /// How a command ends that asks for a decision.
    fileprivate init(_ decision: Decision) {
        switch decision {
        case .allow: self = .success
        case .deny, .reject: self = .invalid
        case .undecided: self = .failed
        }
    }
}
