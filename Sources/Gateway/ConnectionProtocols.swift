import Bytes
import HTTP
import HTTP2
import TLS
import Transport

/// What is found out about a connection before its first request: TLS, and the version of HTTP.
extension Connection {
    /// Does the handshake of TLS.
    ///
    /// - Returns: nil, or how the connection ends instead.
    func secure(with context: ServerTLSContext, within timeout: Nanoseconds) async -> Ending? {
        isInHandshake = true
        defer { isInHandshake = false }
        do throws(TLSError) {
            let secured = try beginTLS(with: context)
            try await secured.handshake(until: resources.loop.now + timeout)
            return nil
        } catch {
            resources.noteFailedHandshake(from: remoteIP, error)
            // The alert is sent, and nothing inside TLS follows it. A client that goes on sending must see it all the same.
            stream = socket
            security = nil
            return if case .handshake = error { .linger } else { .close }
        }
    }

    /// How connections of HTTP/2 begin (RFC 9113 §3.4).
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Finds out whether HTTP/2 is spoken: the handshake of TLS said so, or the first bytes do (RFC 9113 §3.3).
    func beginsHTTP2(within timeout: Nanoseconds) async -> Bool {
        if let security { return security.stream.applicationProtocol == .http2 }
        guard listener.speaksHTTP2 else { return false }
        let deadline = resources.loop.now + timeout
        while true {
            let length = min(input.count, Self.preface.count)
            guard input.span.extracting(0..<length).equals(Self.preface.span.extracting(0..<length)) else {
                return false
            }
            if length == Self.preface.count { return true }
            switch receive() {
            case .bytes: break
            case .end, .failed: return false
            case .wouldBlock:
                if input.isEmpty { input.release(to: resources.blocks) }
                if isEnding { return false }
                if await wait(until: deadline) == .expired { return false }
            }
        }
    }
}
