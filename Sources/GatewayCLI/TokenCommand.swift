import ArgumentParser

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make keys and tokens.",
        subcommands: [KeygenCommand.self, MintCommand.self, APIKeyCommand.self])
}
