import ArgumentParser
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

    func run() throws {
        let configuration = try source.load(orExitWith: ExitCode.badConfiguration.rawValue)
        var logger = Logger(label: "gateway") { _ in ApplicationLog() }
        logger.logLevel = .info
        let status: Int32
        do throws(StartError) {
            status = try Server(configuration: configuration, logger: logger).run()
        } catch {
            logger.critical("\(error.description)", metadata: ["event": "start_failed"])
            status = ExitCode.failed.rawValue
        }
        throw ExitCode(status)
    }
}
