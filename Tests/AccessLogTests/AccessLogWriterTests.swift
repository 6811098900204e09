import AccessLog
import CLinux
import Glibc
import Synchronization
import Testing

@Suite("logs.md: the writer", .timeLimit(.minutes(1)))
struct AccessLogWriterTests {
    private func append(_ count: Int, to buffer: inout AccessLogBuffer, decision: Decision = .allow) {
        var record = Record()
        record.decision = decision
        for index in 0..<count {
            record.set(.path, to: "/\(index)")
            buffer.append(record)
        }
        buffer.flush()
    }

    @Test("close writes everything that was handed over, whole and in order")
    func closeWritesAll() throws {
        let folder = LogFolder()
        let writer = try AccessLogWriter(output: .file(path: folder.log))
        var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
        append(5000, to: &buffer)
        writer.close()
        let lines = folder.lines(of: "log")
        #expect(lines.count == 5000)
        for (index, line) in lines.enumerated() where !line.contains("\"path\":\"/\(index)\",") || !line.hasSuffix("}")
        {
            Issue.record("line \(index) is \(line)")
        }
        #expect(writer.lostLines == LostLines())
    }

    @Test("a file that exists is appended to")
    func appends() throws {
        let folder = LogFolder()
        for _ in 0..<2 {
            let writer = try AccessLogWriter(output: .file(path: folder.log))
            var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
            append(1, to: &buffer)
            writer.close()
        }
        #expect(folder.lines(of: "log").count == 2)
    }

    @Test("reopen goes on in a new file under the same name")
    func reopens() throws {
        let folder = LogFolder()
        let path = folder.log
        let writer = try AccessLogWriter(output: .file(path: path))
        var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
        append(3, to: &buffer)
        #expect(folder.move("log", to: "old"))
        writer.reopen()
        append(2, to: &buffer)
        writer.close()
        #expect(folder.lines(of: "log").count + folder.lines(of: "old").count == 5)
        #expect(folder.lines(of: "log").count >= 2)
    }

    @Test("a file that cannot be opened is an error that says which and why")
    func cannotOpen() {
        #expect(throws: AccessLogError.cannotOpen(path: "/nonexistent/log", code: ENOENT)) {
            try AccessLogWriter(output: .file(path: "/nonexistent/log"))
        }
    }

    @Test("a full disk is reported and counted, and is not fatal")
    func fullDisk() throws {
        let problems = Mutex<[AccessLogProblem]>([])
        let writer = try AccessLogWriter(output: .file(path: "/dev/full")) { problem in
            problems.withLock { $0.append(problem) }
        }
        var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
        append(2, to: &buffer)
        append(1, to: &buffer, decision: .deny)
        writer.close()
        #expect(writer.lostLines == LostLines(lines: 3, refusals: 1))
        #expect(problems.withLock { $0.first } == .writeFailed(code: ENOSPC, failures: 1))
    }

    @Test("a stalled output loses lines, keeps those of refused requests, and a line says how many are missing")
    func stalled() throws {
        let folder = LogFolder()
        let (path, reader) = folder.makePipe()
        defer { close(reader) }
        let writer = try AccessLogWriter(output: .file(path: path), capacity: 256 << 10)
        var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
        append(10_000, to: &buffer)
        append(7, to: &buffer, decision: .deny)
        let lost = writer.lostLines
        #expect(lost.lines > 0 && lost.refusals == 0)
        var text = LogFolder.drain(reader) {
            $0.contains("\"path\":\"/6\",\"bytes_in\":0,\"bytes_out\":0,\"duration\":0.000000,\"decision\":\"deny\"")
                && $0.hasSuffix("}\n")
        }
        writer.close()
        text += LogFolder.drain(reader) { _ in true }
        // How many lines tell of it depends on when the writer's thread looks at the queue first.
        #expect(Self.lossesTold(in: text) == lost.lines)
        #expect(text.split(separator: "\n").count { $0.contains("\"decision\":\"deny\"") } == 7)
        #expect(text.split(separator: "\n").count { $0.contains("\"event\":\"access\"") } == 10_007 - lost.lines)
    }

    /// The sum of the losses that lines of `text` tell of; all of them were lines of permitted requests.
    private static func lossesTold(in text: String) -> Int {
        text.split(separator: "\n").reduce(0) { sum, line in
            let parts = line.split(separator: "\"msg\":\"lines dropped\",\"dropped_lines\":")
            guard parts.count == 2, parts[1].hasSuffix(",\"dropped_refusals\":0}") else { return sum }
            return sum + (Int(parts[1].prefix { $0.isNumber }) ?? 0)
        }
    }

    @Test("closing gives up on an output that never takes anything, and counts what it lost")
    func closeIsBounded() throws {
        let folder = LogFolder()
        let (path, reader) = folder.makePipe()
        defer { close(reader) }
        let writer = try AccessLogWriter(output: .file(path: path), patience: 100)
        var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
        append(2000, to: &buffer)
        writer.close()
        #expect(writer.lostLines.lines > 0)
    }

    @Test("under block the worker waits and no line is lost")
    func block() async throws {
        let folder = LogFolder()
        let (path, reader) = folder.makePipe()
        defer { close(reader) }
        let writer = try AccessLogWriter(output: .file(path: path), onOverflow: .block, capacity: 64 << 10)
        let worker = Task.detached {
            var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
            append(5000, to: &buffer)
            writer.close()
        }
        let text = LogFolder.drain(reader) { $0.contains("\"path\":\"/4999\"") && $0.hasSuffix("}\n") }
        await worker.value
        #expect(text.split(separator: "\n").count == 5000)
        #expect(writer.lostLines == LostLines())
    }

    @Test("a reader that goes away is an error of the write, not the end of the process")
    func brokenPipe() throws {
        let folder = LogFolder()
        let (path, reader) = folder.makePipe()
        let writer = try AccessLogWriter(output: .file(path: path))
        close(reader)
        var buffer = AccessLogBuffer(writer: writer, format: RecordFormat(.json))
        append(3, to: &buffer)
        writer.close()
        #expect(writer.lostLines.lines == 3)
    }
}
