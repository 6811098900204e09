import Bytes
import FoundationEssentials
import Outbound
import Testing

@testable import IdentityProviders

@Suite("security.md rule 17: a restart with the provider down", .timeLimit(.minutes(1)))
struct KeyRestartTests {
    /// A folder of this test's own, which goes with it.
    private final class Folder {
        let path = "/tmp/keys-test-\(UInt64.random(in: 0 ... .max))"

        func permissions(_ path: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let folder = Folder()

    /// Runs a service until it has keys and has written them down.
    ///
    /// - Returns: the keys, and where they are.
    private func runOnce() async throws -> (keys: FetchedKeys, path: String) {
        let bench = try KeyBench(directory: folder.path)
        defer { bench.end() }
        try await bench.begin()
        let path = KeyRecord.path(of: bench.settings, in: folder.path)
        while !Task.isCancelled, !FileManager.default.fileExists(atPath: path) { await Task.yield() }
        return (try #require(bench.keys), path)
    }

    /// A service whose provider is down, some time after the first.
    private func restart(after seconds: UInt64) async throws -> KeyBench {
        let bench = try KeyBench(directory: folder.path)
        bench.passTime(seconds: seconds)
        await bench.service.keep([bench.settings])
        return bench
    }

    @Test("Keys of the last run serve at once, and their age goes on counting")
    func restored() async throws {
        let (keys, _) = try await runOnce()
        let bench = try await restart(after: 3600)
        defer { bench.end() }
        #expect(bench.keys?.keys == keys.keys)
        #expect(bench.keys?.fetched == KeyBench.start)
        #expect(bench.keys?.end == KeyBench.start + 86_400)
        await bench.service.waitForKeys(of: [bench.settings])
        await bench.waitForEvent("failed connect until 86400")
        #expect(bench.events.first == "restored 3600")
    }

    @Test("Keys that have become too old meanwhile do not serve")
    func tooOld() async throws {
        _ = try await runOnce()
        let bench = try await restart(after: 86_400)
        defer { bench.end() }
        #expect(bench.keys == nil)
        await bench.waitForEvent("failed connect")
        #expect(bench.events == ["failed connect"])
    }

    @Test("The file is for the owner only, and nothing else is left in its directory")
    func permissions() async throws {
        let (_, path) = try await runOnce()
        #expect(try folder.permissions(path) == 0o600)
        #expect(try folder.permissions("\(folder.path)/keys") == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/keys").count == 1)
    }

    @Test("A file that does not read is told, and keys are fetched")
    func broken() async throws {
        let (_, path) = try await runOnce()
        let text = Array("{".utf8)
        try FileContents.write(text.span, to: path, mode: 0o600, existing: .replace)
        let bench = try KeyBench(directory: folder.path)
        defer { bench.end() }
        try await bench.begin()
        #expect(bench.events.first?.hasPrefix("store \(path) is not used: not JSON") == true)
        #expect(bench.keys != nil)
    }

    @Test("The time alone is written down once a minute")
    func time() async throws {
        let (_, path) = try await runOnce()
        let bench = try KeyBench(directory: folder.path)
        defer { bench.end() }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        bench.provider.set(KeyBench.url, answer(try keys(in: text)))
        bench.passTime(seconds: 30)
        await bench.service.keep([bench.settings])
        await bench.waitForEvent("fetched 1 same")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        bench.passTime(seconds: 30)
        #expect(await bench.service.refresh(bench.settings).isCurrent)
        while !Task.isCancelled, try String(contentsOfFile: path, encoding: .utf8) == text { await Task.yield() }
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("\"fetched\":\(KeyBench.start + 60)"))
    }

    private func keys(in record: String) throws -> String {
        let settings = try RemoteKeysSettings.sample(source: .url(ServiceURL(KeyBench.url)))
        let read = try KeyRecord.read(Array(record.utf8), for: settings, now: KeyBench.start)
        return try #require(read).record.text
    }

    @Test("A state directory that cannot be written to is told, and keys serve")
    func notWritable() async throws {
        let bench = try KeyBench(directory: "/proc/nowhere")
        defer { bench.end() }
        try await bench.begin()
        while !Task.isCancelled, bench.events.count < 2 { await Task.yield() }
        #expect(bench.events.last?.contains("cannot be written") == true)
        #expect(bench.keys != nil)
    }
}
