import ArgumentParser
import Gateway

@main
struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "An authorization gateway: a reverse proxy that lets through what scopes and roles permit.",
        version: BuildVersion.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, SchemaCommand.self, TokenCommand.self, ExampleUpstreamCommand.self,
        ])
}
