import Configuration
import FuzzDriver
import Gateway

@main
struct FuzzConfiguration {
    static func main() { FuzzDriver.run(check) }
}

/// A key set (RFC 8037 appendix A.2), which every file holds that a configuration names, but for the configuration itself.
private let keys = #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#

/// Reads the bytes as a configuration: what is wrong with it stands somewhere in it, and what is accepted can be decided on.
private func check(_ bytes: [UInt8]) {
    let file = "gateway.json"
    func content(_ path: String) -> [UInt8] { path == file ? bytes : Array(keys.utf8) }
    let surroundings = Surroundings(
        environment: { $0 == "NAME" ? "value" : nil }, contentsOfFile: { .success(content($0)) })
    do throws(ConfigurationErrors) {
        let configuration = try GatewayConfiguration.read(bytes, file: file, surroundings: surroundings)
        let (scopes, roles) = (configuration.scopes.map(\.name), configuration.roles.map(\.name))
        guard let list = try? RouteList(of: configuration, scopes: scopes, roles: roles) else {
            preconditionFailure("no evaluator can be made of what was accepted")
        }
        precondition(list.routes.count >= configuration.routes.count, "a route is lost")
        precondition(!list.json.isEmpty)
    } catch {
        precondition(!error.errors.isEmpty, "refused without an error")
        for problem in error.errors {
            let lines = content(problem.file).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            precondition(1...lines.count ~= problem.line, "an error in no line")
            let length = lines[problem.line - 1].count { $0 & 0xC0 != 0x80 }
            precondition(1...(length + 1) ~= problem.column, "an error beside its line")
            precondition(problem.width > 0 && problem.indentation <= problem.sourceLine.unicodeScalars.count)
            precondition(!problem.description.isEmpty)
        }
    }
}
