import ArgumentParser
internal import CLinux
import Configuration

/// The option that names the configuration file, for every command that reads one.
struct ConfigurationOption: ParsableArguments {
    @Option(name: [.short, .customLong("config")], help: "The configuration file.")
    var file = "gateway.json"

    /// Reads the file; its errors go to standard error, and the command ends with `status`.
    func load(orExitWith status: Int32) throws -> GatewayConfiguration {
        do throws(ConfigurationErrors) {
            return try GatewayConfiguration.load(path: file)
        } catch {
            StandardError.print(error.description)
            throw ExitCode(status)
        }
    }
}

/// Messages for people.
enum StandardError {
    static func print(_ text: String) {
        let bytes = Array("\(text)\n".utf8)
        // SAFETY: the pointer covers the bytes and is used only during the call.
        _ = unsafe bytes.withUnsafeBufferPointer { unsafe write(2, $0.baseAddress, $0.count) }
    }
}
