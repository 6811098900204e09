package import HTTP

/// The server's side of a connection.
package final class ServerSession: Session {
    /// Streams whose request's head has arrived.
    private var arrived: [HTTP2Stream] = []
    private var malformed: [ArrivedHead] = []
    /// How many more there were, whose heads were not kept.
    private var malformedCount = 0
    /// How many streams have not been closed by their exchange: a client that resets a stream does not end that at once.
    private var exchanges = 0

    /// How many malformed heads are kept until they are asked for.
    private static let mostMalformed = 16

    /// - Parameters:
    ///   - limits: what the client may do.
    ///   - storage: shared with other sessions of the loop.
    /// - Throws: `.noResources`.
    package init(limits: SessionLimits, storage: StreamStorage = StreamStorage()) throws(HTTP2Error) {
        try super.init(isServer: true, limits: limits, storage: storage)
    }

    /// The next stream whose request's head has arrived.
    package func nextStream() -> HTTP2Stream? {
        arrived.isEmpty ? nil : arrived.removeFirst()
    }

    /// The next request that was refused without becoming a stream: what is malformed gets no answer (RFC 9113 section
    /// 8.1.1). The head holds what was understood of it, or nothing where there were too many to keep.
    ///
    /// - Parameter head: receives it.
    /// - Returns: whether there was one.
    package func nextMalformed(_ head: inout HeadFields) -> Bool {
        if !malformed.isEmpty {
            let next = malformed.removeFirst()
            swap(&head, &next.head)
            storage.give(next)
            return true
        }
        guard malformedCount > 0 else { return false }
        malformedCount -= 1
        head.reset()
        return true
    }

    // MARK: What nghttp2 tells

    override var acceptsRequests: Bool { exchanges < limits.concurrentStreams }

    override func exchangeEnded() { exchanges -= 1 }

    override func headArrived(_ id: Int32) {
        guard let arriving else { return }
        if let stream = native.stream(id) { return stream.receiveTrailers(&arriving.head.fields) }
        let stream = HTTP2Stream(id: id, session: self)
        exchanges += 1
        native.bind(id, to: stream)
        keep(stream)
        _ = stream.receive(arriving, isFinal: true)
        self.arriving = nil
        arrived.append(stream)
    }

    override func malformedHeadArrived(_ id: Int32) {
        guard native.stream(id) == nil else { return }
        guard let arriving, malformed.count < Self.mostMalformed else { return malformedCount += 1 }
        malformed.append(arriving)
        self.arriving = nil
    }
}
