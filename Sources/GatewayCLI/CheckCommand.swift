import ArgumentParser
import Configuration
import Gateway
import StrictJSON
import Transport

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check configurations and report every error and warning in them.",
        discussion: """
            Exit status: 0 if the gateway would start with each of them, 1 if not, or with --strict, if there is a \
            warning; 66 if it cannot be read. Warnings are looked for in files without errors.
            """)

    @Option(name: [.short, .customLong("config")], help: "A configuration file; may be given several times.")
    var files = ["gateway.json"]

    @Flag(help: "Write one JSON object in one line for each file.")
    var json = false

    @Flag(help: "Write a SARIF 2.1.0 log for code scanners.")
    var sarif = false

    @Flag(help: "Write the whole configuration with defaults filled in and secrets masked.")
    var effective = false

    @Flag(help: "Fail if there are warnings.")
    var strict = false

    func validate() throws {
        guard [json, sarif, effective].count(where: \.self) <= 1 else {
            throw ValidationError("Only one of --json, --sarif and --effective is possible.")
        }
        guard !effective || files.count == 1 else { throw ValidationError("--effective shows one file.") }
    }

    func run() throws {
        let reports = files.map { CheckReport(path: $0) }
        if json {
            for report in reports { print(String(decoding: report.json.line, as: UTF8.self)) }
        } else if sarif {
            let log = CheckReport.sarif(reports, version: BuildVersion.text)
            print(String(decoding: log.document, as: UTF8.self), terminator: "")
        } else {
            for report in reports { try show(report) }
        }
        let bad = reports.filter { !$0.isGood(strict) }
        if !bad.isEmpty { throw bad.allSatisfy(\.isUnreadable) ? ExitCode.noInput : .invalid }
    }

    /// What is wrong goes to standard error, what was asked for to standard output.
    private func show(_ report: CheckReport) throws {
        if !report.findings.isEmpty { StandardError.print(report.findings.terminalText) }
        guard let configuration = report.configuration, report.isGood(strict) else { return }
        if effective {
            do throws(ConfigurationErrors) {
                let text = try EffectiveConfiguration.text(path: report.file)
                print(String(decoding: text, as: UTF8.self), terminator: "")
            } catch {
                StandardError.print(error.description)
                throw ExitCode.invalid
            }
        } else {
            print("\(report.file): good (\(configuration.routes.count) routes, config \(configuration.hash))")
        }
    }
}

extension CheckReport {
    fileprivate var isUnreadable: Bool { findings.contains { $0.rule == .unreadable && $0.line == 0 } }

    /// Whether the gateway would start with the file; if `isStrict`, whether there is nothing to say about it either.
    fileprivate func isGood(_ isStrict: Bool) -> Bool { configuration != nil && (!isStrict || findings.isEmpty) }
}
