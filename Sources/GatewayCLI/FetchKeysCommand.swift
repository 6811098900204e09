import ArgumentParser
import Configuration
import IdentityProviders
import JOSE
import Outbound
import StrictJSON
import Synchronization
import Transport

struct FetchKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fetch the keys of an issuer as the gateway does, and print them.",
        discussion: """
            The JWK Set goes to standard output; where it came from, and a line for each key, to standard error. Nothing \
            is kept.

            Exit status: 0; 2 if the keys cannot be fetched, 64 if the issuer is not one whose keys are fetched, 78 if the \
            configuration has errors.
            """)

    @Argument(help: "The issuer's name in the configuration, or its iss.")
    var issuer: String

    @OptionGroup var source: ConfigurationOption

    func run() throws {
        let configuration = try source.load(orExitWith: ExitCode.badConfiguration.rawValue)
        let settings = try remoteKeys(in: configuration)
        switch try fetch(settings) {
        case .success(let result):
            StandardError.print("fetched from \(result.url)")
            try show(result)
        case .failure(let error):
            StandardError.print("\(error.stage.rawValue): \(error.url): \(error.detail)".printable)
            throw ExitCode.failed
        }
    }

    private func remoteKeys(in configuration: GatewayConfiguration) throws -> RemoteKeysSettings {
        let issuers = configuration.issuers
        guard let found = issuers.first(where: { $0.name == issuer }) ?? issuers.first(where: { $0.issuer == issuer })
        else {
            let suggestion =
                nearestWord(to: issuer, among: issuers.flatMap { [$0.name, $0.issuer] })
                .map { "; did you mean \"\($0)\"?" } ?? ""
            StandardError.print("the issuer \"\(issuer)\" is not in \"issuers\" of \(source.file)\(suggestion)")
            throw ExitCode.usage
        }
        switch found.keySource {
        case .remote(let settings): return settings
        case .introspection:
            StandardError.print("the issuer \"\(found.name)\" has no keys: it is asked about each token")
        default:
            StandardError.print(
                "the keys of the issuer \"\(found.name)\" are not fetched: they are in the configuration or its files")
        }
        throw ExitCode.usage
    }

    private func show(_ result: KeyFetch.Result) throws {
        let set = try JSONReader.read(result.text.span)
        for (index, key) in (set["keys"]?.array ?? []).enumerated() {
            let words = ["kid", "kty", "alg"].map { "\($0) \(key[$0]?.string?.printable ?? "-")" }
            let ignored = result.keys.ignored.first { $0.index == index }
            let use = ignored.map { "ignored: \($0.reason.printable)" } ?? "usable"
            StandardError.print((words + [use]).joined(separator: "  "))
        }
        print(String(decoding: set.value.document, as: UTF8.self), terminator: "")
    }

    private func fetch(_ settings: RemoteKeysSettings) throws -> Result<KeyFetch.Result, ProviderError> {
        let outcome = FetchOutcome()
        do throws(SocketError) {
            let loop = try EventLoop()
            let calls = try BlockingCalls(threadCount: 1, capacity: 16)
            Task(executorPreference: loop) {
                do throws(ProviderError) {
                    outcome.set(.success(try await KeyFetch(settings, loop: loop, calls: calls).run()))
                } catch {
                    outcome.set(.failure(error))
                }
                loop.stop()
            }
            loop.run()
        } catch {
            StandardError.print("cannot begin: \(error)")
            throw ExitCode.failed
        }
        guard let result = outcome.value else { throw ExitCode.failed }
        return result
    }
}

/// What a fetch came to, for the thread that waits for it.
private final class FetchOutcome: Sendable {
    private let result = Mutex<Result<KeyFetch.Result, ProviderError>?>(nil)

    var value: Result<KeyFetch.Result, ProviderError>? { result.withLock { $0 } }

    func set(_ result: Result<KeyFetch.Result, ProviderError>) {
        self.result.withLock { $0 = result }
    }
}
