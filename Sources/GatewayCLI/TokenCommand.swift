import ArgumentParser

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Hash passwords, make API keys, print tokens, and look into them.",
        subcommands: [HashCommand.self, MintCommand.self, InspectCommand.self, APIKeyCommand.self])
}
