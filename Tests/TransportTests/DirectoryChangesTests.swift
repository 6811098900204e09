import Bytes
import CLinux
import Glibc
import Testing

@testable import Transport

/// A directory for one test.
private struct Folder: ~Copyable {
    let path: String

    init() {
        var template = Array("/tmp/gateway-test-XXXXXX".utf8CString)
        // SAFETY: the call writes into the array, which is terminated and outlives it.
        unsafe _ = mkdtemp(&template)
        path = String(zeroTerminated: template)
    }

    func write(_ name: String) throws {
        let bytes: [UInt8] = [1]
        try FileContents.write(bytes.span, to: "\(path)/\(name)", mode: 0o600, existing: .replace)
    }

    deinit {
        for name in ["a", "b"] {
            // SAFETY: the string outlives the call.
            unsafe _ = unlink("\(path)/\(name)")
        }
        // SAFETY: the string outlives the call.
        unsafe _ = rmdir(path)
    }
}

@Suite("Watching directories")
struct DirectoryChangesTests {
    @Test("a file that is written, or put in the place of another, ends a wait")
    func changes() throws {
        let folder = Folder()
        let changes = try DirectoryChanges()
        let signal = try EventSignal()
        changes.watch([folder.path])
        #expect(signal.wait(milliseconds: 0, or: changes) == .expired)
        try folder.write("a")
        #expect(signal.wait(milliseconds: 1000, or: changes) == .changed)
        #expect(signal.wait(milliseconds: 0, or: changes) == .expired, "changes are taken")
        // SAFETY: the strings outlive the call.
        unsafe _ = rename("\(folder.path)/a", "\(folder.path)/b")
        #expect(signal.wait(milliseconds: 1000, or: changes) == .changed)
    }

    @Test("a directory that is watched no more ends no wait, and one that is not there does no harm")
    func others() throws {
        let folder = Folder()
        let changes = try DirectoryChanges()
        let signal = try EventSignal()
        changes.watch([folder.path, "/no/such/directory"])
        changes.watch([])
        _ = signal.wait(milliseconds: 0, or: changes)
        try folder.write("a")
        #expect(signal.wait(milliseconds: 0, or: changes) == .expired)
    }

    @Test("a signal that was raised before the wait ends it, once")
    func signal() throws {
        let signal = try EventSignal()
        signal.raise()
        signal.raise()
        #expect(signal.wait(milliseconds: 1000) == .raised)
        #expect(signal.wait(milliseconds: 0) == .expired)
    }
}
