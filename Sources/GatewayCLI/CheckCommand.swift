import ArgumentParser
import Configuration

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the configuration and report every error in it.",
        discussion: "Exit status: 0 if the gateway would start with it, 1 if not.")

    @OptionGroup var source: ConfigurationOption

    func run() throws {
        let configuration = try source.load(orExitWith: 1)
        print("\(source.file): good (\(configuration.routes.count) routes, config \(configuration.hash))")
    }
}
