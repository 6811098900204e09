import ArgumentParser
import Configuration
import Gateway
import Logging

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve until SIGTERM, which lets the exchanges in flight finish.",
        discussion: """
            Exit status: 0 after a drain, 1 if the gateway could not start or was ended at once, 78 if the configuration \
            has errors.
            """)

    @OptionGroup var source: ConfigurationOption

    @Flag(help: "Reload the configuration on SIGHUP only, not when its files change.")
    var noWatch = false

    func run() throws {
        let files = ReadFiles()
        let configuration = try source.load(orExitWith: 78, surroundings: files.recording)
        var logger = Logger(label: "gateway") { _ in ApplicationLog() }
        logger.logLevel = .info
        let status: Int32
        do throws(StartError) {
            status = try Server(
                configuration: configuration, path: source.file, watchesFiles: !noWatch, logger: logger
            ).run(files)
        } catch {
            logger.critical("\(error.description)", metadata: ["event": "start_failed"])
            status = 1
        }
        throw ExitCode(status)
    }
}
