import ArgumentParser
import Configuration

/// The subcommand that was probably meant by one that does not exist; for options, ArgumentParser suggests by itself.
enum SubcommandSuggestion {
    /// - Parameters:
    ///   - arguments: the command line without the program.
    ///   - command: what the first argument is a subcommand of.
    /// - Returns: a sentence; nil if no subcommand is near, or another argument is at fault.
    static func text(for arguments: ArraySlice<String>, of command: any ParsableCommand.Type) -> String? {
        guard let word = arguments.first, !word.hasPrefix("-") else { return nil }
        let subcommands = command.configuration.subcommands
        if let next = subcommands.first(where: { $0.configuration.commandName == word }) {
            return text(for: arguments.dropFirst(), of: next)
        }
        let names = subcommands.compactMap { $0.configuration.commandName }
        return nearestWord(to: word, among: names).map { "Did you mean \"\($0)\"?" }
    }
}
