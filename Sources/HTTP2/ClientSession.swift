internal import Bytes
package import HTTP

/// The client's side of a connection.
package final class ClientSession: Session {
    /// Called when there may be room for a stream again.
    package var onRoom: (() -> Void)?
    private var method: [UInt8] = []

    /// - Parameters:
    ///   - limits: what the server may do.
    ///   - storage: shared with other sessions of the loop.
    /// - Throws: `.noResources`.
    package init(limits: SessionLimits, storage: StreamStorage = StreamStorage()) throws(HTTP2Error) {
        try super.init(isServer: false, limits: limits, storage: storage)
    }

    /// Whether the server has said what it allows; some end the connection over what came before.
    package var isReady: Bool { hasRemoteSettings }

    /// How many more streams may be opened now: none before the server is ready, after a GOAWAY, or when no stream
    /// identifiers are left. The limit of `concurrentStreams` counts here, too.
    package var capacity: Int {
        guard canOpen, isReady else { return 0 }
        return max(0, min(native.concurrentStreamsAllowed, limits.concurrentStreams) - openStreams)
    }

    /// Opens a stream with a request.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - scheme: the scheme of the target.
    ///   - authority: the host, with its port unless that is the scheme's own; may be empty.
    ///   - path: the path and query.
    ///   - lines: field lines, each with its CRLF, without `Host` and fields for one connection only.
    ///   - isComplete: whether no content follows.
    /// - Returns: the stream, or nil if there is no capacity.
    package func open(
        method: Method, scheme: StaticString, authority: Span<UInt8>, path: Span<UInt8>, lines: Span<UInt8>,
        isComplete: Bool
    ) -> HTTP2Stream? {
        guard capacity > 0 else { return nil }
        let stream = HTTP2Stream(id: 0, session: self)
        self.method.removeAll(keepingCapacity: true)
        method.append(to: &self.method)
        let name = self.method
        var opened: Int32?
        fields.withRequest(method: name.span, scheme: scheme, authority: authority, path: path, lines: lines) {
            opened = native.request($0, stream: stream, hasContent: !isComplete)
        }
        guard let opened else { return nil }
        stream.begin(id: opened, isComplete: isComplete)
        keep(stream)
        noteOutput()
        return stream
    }

    // MARK: What nghttp2 tells

    override var countsResets: Bool { false }

    override func roomMayHaveGrown() { onRoom?() }

    override func headArrived(_ id: Int32) {
        guard let arriving, let stream = native.stream(id) else { return }
        if stream.expectsTrailers {
            stream.receiveTrailers(&arriving.head.fields)
        } else if stream.receive(arriving, isFinal: arriving.head.status >= 200) {
            self.arriving = nil
        } else {
            native.reset(id, .enhanceYourCalm)
        }
    }
}
