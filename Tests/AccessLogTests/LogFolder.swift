import CLinux
import Glibc
import Synchronization
import Testing

/// A folder for one test; it is removed with its files.
final class LogFolder {
    private static let count = Mutex(0)
    let path: String
    var log: String { "\(path)/log" }

    init() {
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        path = "/tmp/access-log-\(getpid())-\(number)"
        // SAFETY: strings are passed as C strings that live for the call; so below.
        #expect(unsafe mkdir(path, 0o700) == 0)
    }

    deinit {
        // SAFETY: as above.
        for name in ["log", "old"] { _ = unsafe unlink("\(path)/\(name)") }
        // SAFETY: as above.
        _ = unsafe rmdir(path)
    }

    func move(_ name: String, to other: String) -> Bool {
        // SAFETY: as above.
        unsafe rename("\(path)/\(name)", "\(path)/\(other)") == 0
    }

    func lines(of name: String) -> [Substring] {
        // SAFETY: as above.
        let descriptor = unsafe open_file("\(path)/\(name)", O_RDONLY, 0)
        defer { close(descriptor) }
        var all: [UInt8] = []
        while Self.read(from: descriptor, into: &all) {}
        return String(decoding: all, as: UTF8.self).split(separator: "\n")
    }

    /// Makes `log` a named pipe, with a reading end that takes nothing until it is asked to.
    func makePipe() -> (path: String, reader: CInt) {
        // SAFETY: as above.
        #expect(unsafe mkfifo(log, 0o600) == 0)
        // SAFETY: as above.
        return (log, unsafe open_file(log, O_RDONLY | O_NONBLOCK, 0))
    }

    /// Reads until the text is what `isDone` waits for, for at most 20 s.
    static func drain(_ reader: CInt, until isDone: (String) -> Bool) -> String {
        var all: [UInt8] = []
        for _ in 0..<2000 {
            var request = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            // SAFETY: `request` is one structure that lives for the call.
            _ = unsafe poll(&request, 1, 10)
            while read(from: reader, into: &all) {}
            if isDone(String(decoding: all.suffix(1000), as: UTF8.self)) { break }
        }
        return String(decoding: all, as: UTF8.self)
    }

    private static func read(from descriptor: CInt, into all: inout [UInt8]) -> Bool {
        var block = [UInt8](repeating: 0, count: 65536)
        // SAFETY: the block is as long as is said.
        let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return false }
        all += block[..<count]
        return true
    }
}
