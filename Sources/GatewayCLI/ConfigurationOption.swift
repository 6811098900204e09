import ArgumentParser
import Configuration
import Transport

/// The option that names the configuration file, for every command that reads one.
struct ConfigurationOption: ParsableArguments {
    @Option(name: [.short, .customLong("config")], help: "The configuration file.", completion: .file())
    var file = "gateway.json"

    /// Reads the file; its errors go to standard error, and the command ends with `status`, or with 66 instead of 1 where
    /// the file cannot be read.
    func load(orExitWith status: Int32, surroundings: Surroundings = .process) throws -> GatewayConfiguration {
        do throws(ConfigurationErrors) {
            return try GatewayConfiguration.load(path: file, surroundings: surroundings)
        } catch {
            StandardError.print(error.description)
            let isUnreadable = error.errors.contains { $0.line == 0 }
            throw isUnreadable && status == ExitCode.invalid.rawValue ? .noInput : ExitCode(status)
        }
    }
}
