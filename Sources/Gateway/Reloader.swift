import Configuration
import Logging
import Transport

/// Reads the configuration again, on a thread of its own, when it is told to and when one of its files has changed.
///
/// A file counts as changed when it holds something else, however that came about: editors and Kubernetes replace files and
/// links instead of writing to them.
final class Reloader: Sendable {
    private let path: String
    private let watchesFiles: Bool
    private let logger: Logger
    private let requested: EventSignal

    /// How long no directory must change before files are read: an editor may need several steps.
    private static let quietMilliseconds: Int32 = 100
    private static let longestUnrest = 20
    /// How often files are compared though nothing told of a change: some file systems do not.
    private static let pollMilliseconds: Int32 = 30_000

    /// - Parameters:
    ///   - path: the configuration file.
    ///   - watchesFiles: false reads it again only when told to.
    ///   - logger: receives what is wrong with it.
    /// - Throws: `SocketError.outOfDescriptors`.
    init(path: String, watchesFiles: Bool, logger: Logger) throws(SocketError) {
        self.path = path
        self.watchesFiles = watchesFiles
        self.logger = logger
        requested = try EventSignal()
    }

    /// Asks for a reload, whether or not a file has changed; may be called from any thread.
    func request() { requested.raise() }

    /// Waits for reasons to reload, for ever.
    ///
    /// - Parameters:
    ///   - files: what the present configuration was read from.
    ///   - apply: brings a configuration to the workers.
    func run(_ files: consuming ReadFiles, apply: (GatewayConfiguration) -> Void) {
        // The workers have all the time of the cores that they want.
        Thread.yieldToOthers()
        let changes = watchesFiles ? try? DirectoryChanges() : nil
        // Short at first: between reading a file and watching its directory, nothing tells of a change.
        var patience = Self.quietMilliseconds
        while true {
            changes?.watch(files.directories)
            guard isRequested(within: patience, orFilesMayHaveChanged: changes) || watchesFiles && files.haveChanged
            else {
                patience = Self.pollMilliseconds
                continue
            }
            patience = Self.quietMilliseconds
            let next = ReadFiles()
            do throws(ConfigurationErrors) {
                apply(try GatewayConfiguration.load(path: path, surroundings: next.recording))
            } catch {
                logFailure(error.errors.map(\.summary))
            }
            files = next
            // Reading a large file takes much memory for a moment.
            CurrentProcess.trimMemory()
        }
    }

    /// Waits until a reload is asked for, or files may have changed and their directories are quiet again.
    ///
    /// - Returns: whether it is asked for.
    private func isRequested(within milliseconds: Int32, orFilesMayHaveChanged changes: DirectoryChanges?) -> Bool {
        var outcome = requested.wait(milliseconds: watchesFiles ? milliseconds : -1, or: changes)
        for _ in 0..<Self.longestUnrest where outcome == .changed {
            outcome = requested.wait(milliseconds: Self.quietMilliseconds, or: changes)
        }
        return outcome == .raised
    }

    func logFailure(_ errors: [String]) {
        logger.error(
            "the configuration was not reloaded: the one before stays in force",
            metadata: ["event": "reload_failed", "errors": ConfigurationChange.list(errors) ?? []])
    }
}
