import ArgumentParser

struct KeySetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jwks", abstract: "Look at the keys of issuers.", subcommands: [FetchKeysCommand.self])
}
