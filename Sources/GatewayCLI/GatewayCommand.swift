import ArgumentParser
import Transport

@main
struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "An authorization gateway: a reverse proxy that lets through what scopes and roles permit.",
        version: VersionReport.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, RoutesCommand.self, ExplainCommand.self, TestCommand.self,
            SchemaCommand.self, HealthCommand.self,
            TokenCommand.self, KeySetCommand.self,
            ExampleUpstreamCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            if exitCode(for: error) == .usage,
                let suggestion = SubcommandSuggestion.text(for: CommandLine.arguments.dropFirst(), of: self)
            {
                StandardError.print(suggestion)
            }
            exit(withError: error)
        }
    }
}
