import ArgumentParser
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

    func run() throws {
        let configuration = try source.load(orExitWith: 78)
        let logger = Logger(label: "gateway") { _ in ApplicationLog() }
        let status: Int32
        do throws(StartError) {
            status = try Server(configuration: configuration, logger: logger).run()
        } catch {
            logger.critical("\(error.description)", metadata: ["event": "start_failed"])
            status = 1
        }
        throw ExitCode(status)
    }
}
