import ArgumentParser

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Hash passwords, print tokens, and look into them.",
        subcommands: [HashCommand.self, MintCommand.self, InspectCommand.self])
}
