import Bytes
import Testing

@testable import Configuration

/// Files that a test can change.
final class Shelf {
    var files: [String: [UInt8]] = [:]

    var surroundings: Surroundings {
        Surroundings(environment: { _ in nil }) { [self] path in
            files[path].map { .success($0) } ?? .failure(FileError(code: 2))
        }
    }
}

@Suite("When a configuration has to be read again")
struct ReadFilesTests {
    @Test("when a file that was read holds something else, and not before")
    func change() {
        let shelf = Shelf()
        shelf.files = ["/etc/a": [1], "/etc/b": [2]]
        let read = ReadFiles(shelf.surroundings)
        _ = read.recording.contentsOfFile("/etc/a")
        #expect(!read.haveChanged)
        shelf.files["/etc/b"] = [3]
        #expect(!read.haveChanged, "it was not read")
        shelf.files["/etc/a"] = [1]
        #expect(!read.haveChanged, "it holds the same")
        shelf.files["/etc/a"] = [4]
        #expect(read.haveChanged)
    }

    @Test("when a file cannot be read any more, or can be read again")
    func readability() {
        let shelf = Shelf()
        shelf.files = ["/etc/a": [1]]
        let read = ReadFiles(shelf.surroundings)
        _ = read.recording.contentsOfFile("/etc/a")
        _ = read.recording.contentsOfFile("/etc/missing")
        #expect(!read.haveChanged)
        shelf.files["/etc/a"] = nil
        #expect(read.haveChanged)
        shelf.files = ["/etc/a": [1], "/etc/missing": []]
        #expect(read.haveChanged)
    }

    @Test("every directory of a file is named once")
    func directories() {
        let read = ReadFiles(Shelf().surroundings)
        for path in ["/usr/x.json", "/usr/y.json", "/z.json"] { _ = read.recording.contentsOfFile(path) }
        #expect(read.directories == ["/usr", "/"])
    }
}
