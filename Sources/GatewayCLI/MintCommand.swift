import ArgumentParser
import Bytes
import Configuration
import JOSE
import Transport

struct MintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mint", abstract: "Sign a token and print it.",
        discussion: "For trying out: whoever can read the key can be anyone.")

    @Option(help: "The file with the private key.")
    var key: String

    @Option(help: "The issuer (iss).")
    var issuer: String

    @Option(help: "An audience (aud); may be repeated.")
    var audience: [String] = []

    @Option(help: "The subject (sub).")
    var subject: String?

    @Option(help: "The scopes, separated by spaces.")
    var scope: String?

    @Option(help: "A role; may be repeated.")
    var role: [String] = []

    @Option(help: "How long the token is good, such as 30s, 15m or 1h.")
    var lifetime = "15m"

    func run() throws {
        guard let lifetime = Duration(text: lifetime) else {
            throw ValidationError("\(lifetime) is not a duration: write a whole number and a unit, such as 15m.")
        }
        let claims = claims(lifetime: Int(lifetime.components.seconds))
        let signed: [UInt8]?
        do throws(SigningKeyError) {
            signed = try SigningKeyFile(path: key).load().token(claims: claims.span)
        } catch {
            StandardError.print("\(key): \(error.message)")
            if case .file = error { throw ExitCode.noInput }
            throw ExitCode.failed
        }
        guard let signed else {
            StandardError.print("the key cannot sign")
            throw ExitCode.failed
        }
        print(signed.span.text)
    }

    private func claims(lifetime: Int) -> [UInt8] {
        let now = Int(WallClock.microseconds / 1_000_000)
        var claims: [UInt8] = []
        claims.append("{\"iss\":")
        append(issuer, to: &claims)
        append("sub", subject, to: &claims)
        append("scope", scope, to: &claims)
        append("aud", audience, to: &claims)
        append("roles", role, to: &claims)
        claims.append(",\"iat\":")
        claims.append(decimal: now)
        claims.append(",\"exp\":")
        claims.append(decimal: now + lifetime)
        claims.append("}")
        return claims
    }

    private func append(_ name: StaticString, _ value: String?, to claims: inout [UInt8]) {
        guard let value else { return }
        appendName(name, to: &claims)
        append(value, to: &claims)
    }

    private func append(_ name: StaticString, _ values: [String], to claims: inout [UInt8]) {
        guard !values.isEmpty else { return }
        appendName(name, to: &claims)
        claims.append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { claims.append(",") }
            append(value, to: &claims)
        }
        claims.append("]")
    }

    private func appendName(_ name: StaticString, to claims: inout [UInt8]) {
        claims.append(",\"")
        claims.append(name)
        claims.append("\":")
    }

    private func append(_ text: String, to claims: inout [UInt8]) {
        claims.append("\"")
        claims.append(jsonText: text.utf8.span)
        claims.append("\"")
    }
}
