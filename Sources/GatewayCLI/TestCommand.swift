import AccessLog
import ArgumentParser
import Bytes
import Configuration
import Gateway
import StrictJSON
import Transport

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Decide a table of requests, and compare with what is expected.",
        discussion: """
            The table is a JSON file: {"tests": [{"name": …, "request": {"method": …, "target": …, …}, "expect": \
            {"decision": …, …}}]}. The gateway's own evaluator decides; see the documentation for the keys.

            Exit status: 0 if everything is as expected, 1 if not, 2 if the table has errors, 66 if it cannot be read, \
            78 if the configuration has errors.
            """)

    @Argument(help: "The file with the tests.", completion: .file())
    var file: String

    @OptionGroup var source: ConfigurationOption

    @Option(help: "When to decide, in seconds since 1970; now by default.")
    var at: Int?

    @Flag(help: "Print a JSON object in one line for each test.")
    var json = false

    func validate() throws {
        if let at, !(0..<1 << 53).contains(at) { throw ValidationError("--at is a number of seconds since 1970.") }
    }

    func run() throws {
        let configuration = try source.load(orExitWith: ExitCode.badConfiguration.rawValue)
        let tests = try load()
        var failures = 0
        do throws(ExplainerError) {
            let explainer = try Explainer(configuration)
            for test in tests {
                let now = at ?? WallClock.seconds
                let result = PolicyTestResult(test, try explainer.outcome(of: test.request, now: now))
                if !result.hasPassed { failures += 1 }
                report(result)
            }
        } catch {
            StandardError.print(error.message)
            throw ExitCode.failed
        }
        if !json { print("\(tests.count) tests, \(failures) failed") }
        if failures > 0 { throw ExitCode.invalid }
    }

    private func report(_ result: PolicyTestResult) {
        if json {
            print(result.json.line.span.text)
        } else if !result.hasPassed {
            print(result.text(file: file, configuration: source.file))
        }
    }

    private func load() throws -> [PolicyTest] {
        let words = PolicyTestWords(
            decisions: Decision.allCases.map(\.word.description), reasons: Reason.allCases.map(\.rawValue))
        do throws(ConfigurationErrors) {
            return try PolicyTest.load(path: file, words: words)
        } catch {
            StandardError.print(error.description)
            throw error.errors.contains { $0.line == 0 } ? ExitCode.noInput : ExitCode.failed
        }
    }
}
