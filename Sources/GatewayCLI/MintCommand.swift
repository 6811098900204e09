import ArgumentParser
import Bytes
import Configuration
import Gateway
import TokenEndpoint
import Transport

struct MintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mint",
        abstract: "Print a token for a user or a client of the built-in issuer, without a password.",
        discussion: """
            For trying out and for scripts on the same machine: whoever can read the signing key can be anyone. The key is \
            made if there is none.

            Exit status: 0; 1 if the configuration has errors or the scope cannot be granted, 64 if it has no such user \
            or client, 66 if it cannot be read.
            """)

    @OptionGroup var source: ConfigurationOption

    @Argument(help: "A user, or the identifier of a client.")
    var name: String

    @Option(help: "The scopes that are asked for, separated by spaces; all that can be had by default.")
    var scope: String?

    func run() throws {
        let configuration = try source.load(orExitWith: 1, surroundings: .serving)
        guard let issuer = try TokenIssuer(configuration) else {
            StandardError.print("\(source.file) has no \"token_endpoint\", so it issues no tokens")
            throw ExitCode.usage
        }
        let now = WallClock.seconds
        do throws(TokenEndpointError) {
            let scopes = try scope.map { text throws(TokenEndpointError) in try TokenRequest.scopes(Array(text.utf8)) }
            if let token = try issuer.mint(for: name, scopes: scopes, now: now) { return print(token.token.span.text) }
        } catch {
            StandardError.print(error.detail)
            throw ExitCode.invalid
        }
        let endpoint = configuration.tokenEndpoint
        let names = ((endpoint?.users ?? []) + (endpoint?.clients ?? [])).map(\.name)
        let suggestion = nearestWord(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        StandardError.print("\(source.file) has no user or client \"\(name)\"\(suggestion)")
        throw ExitCode.usage
    }
}
