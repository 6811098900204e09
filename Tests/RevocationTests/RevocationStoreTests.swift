import Bytes
import FoundationEssentials
import Testing

@testable import Revocation

@Suite("configuration.md: what operators revoke stays revoked through a restart")
struct RevocationStoreTests {
    /// A folder of this test's own, which goes with it.
    private final class Folder {
        let path = "/tmp/revocation-test-\(UInt64.random(in: 0 ... .max))"
        var file: String { "\(path)/state/revocations.json" }

        func write(_ text: String) throws {
            try FileManager.default.createDirectory(atPath: "\(path)/state", withIntermediateDirectories: true)
            let bytes = Array(text.utf8)
            try FileContents.write(bytes.span, to: file, mode: 0o644, existing: .replace)
        }

        func text() throws -> String {
            String(decoding: try FileContents.read(file, limit: 1 << 20), as: UTF8.self)
        }

        func permissions(_ path: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let folder = Folder()
    private let entry = RevocationEntry(.token("a"), issuer: "https://i", end: 100)

    @Test("a store without a file begins empty, and says that it keeps nothing")
    func withoutFile() throws {
        let store = try RevocationStore(path: nil)
        #expect(store.entries(now: 0) == [])
        #expect(try store.add([entry], now: 0)?.contains("state_directory") == true)
        #expect(store.entries(now: 0) == [entry])
        let (count, warning) = store.remove([entry], now: 0)
        #expect(count == 1)
        #expect(warning != nil)
        #expect(store.entries(now: 0) == [])
    }

    @Test("a file that is not there is an empty one, and nothing is written before there is something to write")
    func missingFile() throws {
        let store = try RevocationStore(path: folder.file)
        #expect(store.entries(now: 0) == [])
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test("what was added is there for the next process, and only its owner may read it")
    func restart() throws {
        let store = try RevocationStore(path: folder.file)
        let subject = RevocationEntry(.subject("u"), issuedBefore: 50)
        #expect(try store.add([entry], now: 0) == nil)
        #expect(try store.add([subject], now: 0) == nil)
        #expect(try RevocationStore(path: folder.file).entries(now: 0) == [entry, subject])
        #expect(try folder.permissions(folder.file) == 0o600)
        #expect(try folder.permissions("\(folder.path)/state") == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/state") == ["revocations.json"])
        let removal = store.remove([entry], now: 0)
        #expect(removal.count == 1)
        #expect(removal.warning == nil)
        #expect(try RevocationStore(path: folder.file).entries(now: 0) == [subject])
    }

    @Test("a subject that is revoked for ever is read again, too")
    func untimedSubject() throws {
        let forever = RevocationEntry(.subject("u"))
        #expect(try RevocationStore(path: folder.file).add([forever], now: 0) == nil)
        #expect(try RevocationStore(path: folder.file).entries(now: 0) == [forever])
    }

    @Test("entries that have ended are not listed, and not written again")
    func ends() throws {
        let store = try RevocationStore(path: folder.file)
        #expect(try store.add([entry], now: 0) == nil)
        #expect(store.entries(now: 99) == [entry])
        #expect(store.entries(now: 100) == [])
        #expect(store.remove([entry], now: 100).count == 0)
        #expect(try store.add([entry, RevocationEntry(.session("s"))], now: 100) == nil)
        #expect(try folder.text() == #"{"revocations":[{"sid":"s"}]}"# + "\n")
    }

    @Test("an entry that is added twice is there once")
    func duplicates() throws {
        let store = try RevocationStore(path: folder.file)
        #expect(try store.add([entry, entry], now: 0) == nil)
        #expect(try store.add([entry], now: 0) == nil)
        #expect(store.entries(now: 0) == [entry])
    }

    @Test("what is removed is named as it was added, or without its times")
    func removal() throws {
        let store = try RevocationStore(path: nil)
        let timed = RevocationEntry(.subject("u"), issuedBefore: 5, end: 50)
        let others = [RevocationEntry(.subject("u"), issuer: "i"), RevocationEntry(.token("u"))]
        let names = [
            timed, RevocationEntry(.subject("u")), RevocationEntry(.subject("u"), issuedBefore: 5),
            RevocationEntry(.subject("u"), end: 50),
        ]
        for name in names {
            _ = try store.add([timed] + others, now: 0)
            #expect(store.remove([name], now: 0).count == 1)
            #expect(store.entries(now: 0) == others)
        }
        _ = try store.add([timed], now: 0)
        let strangers = [
            RevocationEntry(.subject("u"), issuedBefore: 6), RevocationEntry(.subject("u"), end: 51),
            RevocationEntry(.subject("u"), issuer: "j"), RevocationEntry(.session("u")),
        ]
        #expect(store.remove(strangers, now: 0).count == 0)
        #expect(store.entries(now: 0) == others + [timed])
    }

    @Test("beyond the bound nothing is added")
    func tooMany() throws {
        let store = try RevocationStore(path: nil)
        let most = (0..<Denylist.maximumCount).map { RevocationEntry(.token("\($0)"), end: $0 == 0 ? 10 : nil) }
        _ = try store.add(most, now: 0)
        #expect(throws: RevocationError.tooMany) {
            try store.add([RevocationEntry(.token("x")), RevocationEntry(.token("1"))], now: 0)
        }
        #expect(store.entries(now: 0).count == Denylist.maximumCount)
        // What is there already, or takes the place of what has ended, needs no room.
        _ = try store.add([RevocationEntry(.token("1"))], now: 0)
        _ = try store.add([RevocationEntry(.token("x"))], now: 10)
        #expect(store.entries(now: 10).count == Denylist.maximumCount)
    }

    @Test("beyond what the file may hold nothing is added, so that it can always be read again")
    func tooLarge() throws {
        let store = try RevocationStore(path: nil)
        let long = String(repeating: "\u{1}", count: 1000)
        let large = (0..<12_000).map { RevocationEntry(.token("\(long)\($0)")) }
        #expect(throws: RevocationError.tooMany) { try store.add(large, now: 0) }
        #expect(store.entries(now: 0) == [])
    }

    @Test(
        "a file that is not what the store writes is an error that names it",
        arguments: [
            "", "{", "[]", "{}", #"{"revocations":[{"jti":"a"},{"jti":1}]}"#, #"{"revocations":[{"jti":"a"}]"#,
            #"{"revocations":[]} x"#, #"{"revocations":[{"jti":"a","x":1}]}"#,
        ])
    func unreadable(text: String) throws {
        try folder.write(text)
        let error = try #require(throws: RevocationError.self) { try RevocationStore(path: folder.file) }
        guard case .unreadable(folder.file, let detail) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!detail.isEmpty)
    }

    @Test("every prefix of a file is refused: none revokes less without a word")
    func prefixes() throws {
        let text = #"{"revocations":[{"jti":"a"},{"sub":"b","issued_before":1}]}"#
        for length in 0..<text.utf8.count {
            try folder.write(String(text.prefix(length)))
            #expect(throws: RevocationError.self) { try RevocationStore(path: folder.file) }
        }
    }

    @Test("something else than a file in its place is an error")
    func directory() throws {
        try FileManager.default.createDirectory(atPath: folder.file, withIntermediateDirectories: true)
        #expect(throws: RevocationError.self) { try RevocationStore(path: folder.file) }
    }

    @Test("what a crash left behind before the renaming is not believed, and not in the way")
    func leftover() throws {
        #expect(try RevocationStore(path: folder.file).add([entry], now: 0) == nil)
        let half = Array(#"{"revocations":["#.utf8)
        try FileContents.write(half.span, to: folder.file + ".new", mode: 0o666, existing: .keep)
        let store = try RevocationStore(path: folder.file)
        #expect(store.entries(now: 0) == [entry])
        #expect(try store.add([RevocationEntry(.session("s"))], now: 0) == nil)
        #expect(try folder.permissions(folder.file) == 0o600)
        #expect(try RevocationStore(path: folder.file).entries(now: 0).count == 2)
    }

    @Test("where the file cannot be written, entries are in force, the old file stays, and the answer says so")
    func unwritable() throws {
        let store = try RevocationStore(path: folder.file)
        #expect(try store.add([entry], now: 0) == nil)
        // A directory in the place of the new file cannot be removed as a file; this holds for root, too.
        try FileManager.default.createDirectory(atPath: folder.file + ".new", withIntermediateDirectories: false)
        let warning = try #require(try store.add([RevocationEntry(.session("s"))], now: 0))
        #expect(warning.contains(folder.file))
        #expect(store.entries(now: 0).count == 2)
        #expect(try RevocationStore(path: folder.file).entries(now: 0) == [entry])
        // The next change writes what is missing.
        try FileManager.default.removeItem(atPath: folder.file + ".new")
        #expect(store.remove([RevocationEntry(.client("none"))], now: 0).warning == nil)
        #expect(try RevocationStore(path: folder.file).entries(now: 0).count == 2)
    }

    @Test("changes from many threads are all kept")
    func threads() async throws {
        let store = try RevocationStore(path: folder.file)
        await withTaskGroup { group in
            for number in 0..<50 {
                group.addTask { _ = try? store.add([RevocationEntry(.token("\(number)"))], now: 0) }
            }
        }
        #expect(try Set(RevocationStore(path: folder.file).entries(now: 0)).count == 50)
    }
}
