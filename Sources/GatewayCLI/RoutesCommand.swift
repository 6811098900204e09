import ArgumentParser
import Bytes
import Configuration
import Gateway
import Transport

struct RoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "List the routes: who can call what.",
        discussion: """
            With --scopes or --roles, only the routes that somebody may use whose token carries these and nothing else, as \
            the gateway would decide: roles include and grant what the configuration says.

            Exit status: 0; 1 if the configuration has errors, 64 for a scope or a role that it does not have, 66 if it \
            cannot be read.
            """)

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Print a JSON array.")
    var json = false

    @Option(help: "Scopes of a token, separated by commas or spaces; may be repeated.")
    var scopes: [String] = []

    @Option(help: "Roles of a token, separated by commas; may be repeated.")
    var roles: [String] = []

    @Flag(name: .customLong("public"), help: "Only the routes that everyone may use, without a token.")
    var onlyPublic = false

    @Flag(help: "With --scopes or --roles: the other routes, too, and what is missing there.")
    var all = false

    private var hasHolder: Bool { !scopes.isEmpty || !roles.isEmpty }

    func validate() throws {
        if onlyPublic && hasHolder {
            throw ValidationError("--public lists what needs no token; it cannot stand beside --scopes or --roles.")
        }
        if all && !hasHolder { throw ValidationError("--all says what is missing: add --scopes or --roles.") }
    }

    func run() throws {
        let configuration = try source.load(orExitWith: 1)
        let list = try list(of: configuration)
        if json {
            print(list.json.span.text, terminator: "")
        } else {
            print(RouteListText(list).text)
        }
    }

    private func list(of configuration: GatewayConfiguration) throws -> RouteList {
        guard hasHolder else {
            return RouteList(of: configuration).filter { !onlyPublic || $0.access == .everyone }
        }
        let scopes = try known(
            scopes, among: configuration.scopes.map(\.name), separators: ", ", kind: "scope")
        let roles = try known(roles, among: configuration.roles.map(\.name), separators: ",", kind: "role")
        let list: RouteList
        do throws(EvaluatorError) {
            list = try RouteList(of: configuration, scopes: scopes, roles: roles)
        } catch {
            StandardError.print("the configuration cannot be decided on: \(error)")
            throw ExitCode.failed
        }
        return all ? list : list.filter(\.isPermitted)
    }

    /// The names in `arguments`; one that holds a separator itself can be given alone.
    private func known(
        _ arguments: [String], among names: [String], separators: String, kind: String
    ) throws -> [String] {
        let written = arguments.flatMap { argument in
            names.contains(argument)
                ? [argument] : argument.split { separators.contains($0) }.map(String.init)
        }
        for name in written where !names.contains(name) {
            let suggestion = nearestWord(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
            StandardError.print("the \(kind) \"\(name)\" is not in \"\(kind)s\" of \(source.file)\(suggestion)")
            throw ExitCode.usage
        }
        return written
    }
}
