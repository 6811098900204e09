import ArgumentParser
import Configuration
import Gateway
import Logging

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve until SIGTERM, which lets the exchanges in flight finish.",
        discussion: """
            Exit status: 0 after a drain, 2 if the gateway could not start or was ended at once, 78 if the configuration \
            has errors or cannot be read.
            """)

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Reload the configuration on SIGHUP only, not when its files change.")
    var noWatch = false

    func run() throws {
        let files = ReadFiles()
        let configuration = try source.load(
            orExitWith: ExitCode.badConfiguration.rawValue, surroundings: files.recording)
        let logger = Logger(label: "gateway") { _ in ApplicationLog() }
        let status: Int32
        do throws(StartError) {
            status = try Server(
                configuration: configuration, path: source.file, watchesFiles: !noWatch, logger: logger
            ).run(files)
        } catch {
            logger.critical("\(error.description)", metadata: ["event": "start_failed"])
            status = ExitCode.failed.rawValue
        }
        throw ExitCode(status)
    }
}
