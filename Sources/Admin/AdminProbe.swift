import Bytes
import HTTP
package import Transport

/// Asks the admin listener of another process: what `gateway health` is made of.
package enum AdminProbe {
    /// An answer to a probe.
    package struct Outcome: Sendable, Equatable {
        package let status: Int
        package let body: String
    }

    /// Sends one GET request and waits for the whole answer. The calling thread runs a loop of its own meanwhile.
    ///
    /// - Parameters:
    ///   - path: a canonical path with its query.
    ///   - address: where the admin listener is.
    ///   - timeout: how long all of it may take.
    /// - Returns: the answer.
    /// - Throws: `AdminProbeError`.
    package static func get(
        _ path: String, from address: SocketAddress, within timeout: Nanoseconds
    ) throws(AdminProbeError) -> Outcome {
        let loop: EventLoop
        do throws(SocketError) {
            loop = try EventLoop()
        } catch {
            throw .notReached(error)
        }
        let result = ProbeResult()
        Task(executorPreference: loop) {
            let answer = await Self.exchange(path, with: address, on: loop, until: .now + timeout)
            result.store(answer)
            loop.stop()
        }
        loop.run()
        return try result.take()
    }

    private static func exchange(
        _ path: String, with address: SocketAddress, on loop: EventLoop, until deadline: Instant
    ) async -> Result<Outcome, AdminProbeError> {
        let waiter = Waiter(loop: loop)
        let stream: TCPStream
        do throws(SocketError) {
            stream = try await TCPStream.connect(to: address, on: loop, waiter: waiter, until: deadline)
        } catch {
            return .failure(.notReached(error))
        }
        defer { stream.close(abruptly: false) }
        let host = if case .unix = address.form { "localhost" } else { address.description }
        // Shorter than any socket's buffer.
        let request = Array("GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        guard case .bytes(request.count) = stream.write(request.span) else { return .failure(.noAnswer) }
        let blocks = BlockPool()
        var input = ByteBuffer()
        while input.reserve(from: blocks) {
            switch stream.read(into: &input) {
            case .bytes: break
            case .end: return outcome(in: input)
            case .failed(let error): return .failure(.notReached(error))
            case .wouldBlock:
                if await waiter.wait(until: deadline) == .expired { return .failure(.noAnswer) }
            }
        }
        return .failure(.noAnswer)
    }

    private static func outcome(in input: borrowing ByteBuffer) -> Result<Outcome, AdminProbeError> {
        var parser = ResponseParser(limits: MessageLimits())
        var response = Response()
        let head = try? parser.parse(input.span, requestMethod: .get, into: &response)
        guard let head, case .length(let length) = response.framing, input.count - head >= length else {
            return .failure(.noAnswer)
        }
        let body = input.span.extracting(head..<(head + length)).text
        return .success(Outcome(status: response.status, body: body))
    }
}
