package import Bytes
package import HTTP
package import HTTP2
package import Transport

/// What carries one exchange to an upstream server: a connection of HTTP/1.1, used for one exchange at a time, or one stream of a
/// connection of HTTP/2, which others use as well.
package final class UpstreamConnection {
    /// The connection itself, or the stream once it is open.
    package private(set) var stream: any ByteStream
    /// The stream of HTTP/2; nil before it is open, and for HTTP/1.1.
    package private(set) var http2: HTTP2Stream?
    /// What the upstream sent and nobody consumed yet.
    package var input = ByteBuffer()
    /// Where it leads, as the log writes it.
    package let address: String
    /// Whether an earlier exchange ended well on it: then the upstream may have closed it without our knowing.
    package internal(set) var isReused = false
    var idleSince = Instant.never
    /// The connection of HTTP/2 that streams are opened on; nil for HTTP/1.1.
    let shared: SharedConnection?
    private let waiter: Waiter?

    /// The pool's look-up after which the address was known to be the upstream's.
    var lookUp: Int

    init(stream: any ByteStream, address: String, lookUp: Int) {
        self.stream = stream
        self.address = address
        self.lookUp = lookUp
        shared = nil
        waiter = nil
    }

    /// A stream to open on `shared`, which has room for it; at once, before anybody else is asked.
    init(on shared: SharedConnection, waiter: Waiter) {
        stream = shared.stream
        address = shared.address
        lookUp = shared.lookUp
        isReused = shared.wasUsed
        self.shared = shared
        self.waiter = waiter
    }

    /// Whether exchanges have streams of HTTP/2 here, which begin with `openStream`.
    package var isShared: Bool { shared != nil }

    /// Opens the stream of the exchange with its request.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - authority: the host, with its port unless that is the scheme's own.
    ///   - path: the path and query.
    ///   - lines: field lines, each with its CRLF, without `Host` and fields for one connection only.
    ///   - isComplete: whether no content follows.
    /// - Throws: `.closedEarly` if the connection takes no stream any more; nothing was sent then.
    package func openStream(
        _ method: Method, authority: Span<UInt8>, path: Span<UInt8>, lines: Span<UInt8>, isComplete: Bool
    ) throws(UpstreamError) {
        guard let shared else { return }
        let opened = shared.open(method, authority: authority, path: path, lines: lines, isComplete: isComplete)
        guard let opened else { throw .closedEarly }
        opened.waiter = waiter
        http2 = opened
        stream = opened
    }

    /// Whether nothing of the request was looked at, so that it can be sent again whatever it does (RFC 9113 section 8.7).
    package var wasRefused: Bool { shared != nil && http2?.wasRefused ?? true }

    /// Why the stream is gone.
    package var failure: UpstreamError {
        http2?.failure == .malformed ? .malformed(detail: "A message that HTTP/2 does not allow") : .closedEarly
    }
}
