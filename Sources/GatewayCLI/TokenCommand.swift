import ArgumentParser

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make keys and tokens to try the gateway with.",
        subcommands: [KeygenCommand.self, MintCommand.self])
}
