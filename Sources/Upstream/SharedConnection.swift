internal import Bytes
internal import HTTP
internal import HTTP2
internal import Transport

/// One connection of HTTP/2 to an upstream server, which many exchanges use at once.
final class SharedConnection {
    let stream: any ByteStream
    let session: ClientSession
    let address: String
    private let scheme: StaticString
    /// Whether a stream was opened before.
    private(set) var wasUsed = false
    /// The pool's look-up after which the address was known to be the upstream's.
    var lookUp: Int

    private let driver: SessionDriver

    /// How many streams one connection carries, where the server allows as many.
    private static let streamLimit = 256
    /// How much of a response may arrive before its client reads it.
    private static let streamWindow = 64 << 10
    /// How long a connection in use may be silent before it is asked whether it is there (RFC 9113 section 6.7).
    private static let pingInterval = Nanoseconds.seconds(15)

    /// - Throws: `.noResources`.
    init(
        _ opened: UpstreamConnection, settings: UpstreamSettings, loop: EventLoop, blocks: BlockPool,
        storage: StreamStorage
    ) throws(HTTP2Error) {
        stream = opened.stream
        var limits = SessionLimits(messages: settings.messageLimits)
        // Readers that are slow on all streams but one must leave the last its window: they are of different clients.
        limits.concurrentStreams = Self.streamLimit
        limits.streamWindow = Self.streamWindow
        limits.connectionWindow = limits.concurrentStreams * Self.streamWindow
        session = try ClientSession(limits: limits, storage: storage)
        var patience = DriverSettings()
        patience.prefaceTimeout = settings.connectTimeout
        patience.idleTimeout = settings.idleTimeout
        patience.pingInterval = Self.pingInterval
        driver = SessionDriver(session: session, stream: stream, loop: loop, blocks: blocks, settings: patience)
        address = opened.address
        scheme = settings.tls == nil ? "http" : "https"
        lookUp = opened.lookUp
    }

    /// Carries its bytes until it ends, and closes it.
    ///
    /// - Parameter onReady: called once, when streams can be opened.
    /// - Returns: why there were no streams at all; nil if it was ready.
    func run(onReady: () -> Void) async -> UpstreamError? {
        var isReady = false
        let end = await driver.run {
            guard !isReady, session.isReady else { return }
            isReady = true
            onReady()
        }
        if isReady { return nil }
        if session.fault != nil { return .malformed(detail: "It does not speak HTTP/2") }
        return end == .headTimeout ? .timedOut(.connect) : .closedEarly
    }

    /// Lets it end when its streams have ended.
    func retire() { driver.shutDown() }

    /// Opens a stream; nil if there is no room for it.
    func open(
        _ method: Method, authority: Span<UInt8>, path: Span<UInt8>, lines: Span<UInt8>, isComplete: Bool
    ) -> HTTP2Stream? {
        wasUsed = true
        return session.open(
            method: method, scheme: scheme, authority: authority, path: path, lines: lines, isComplete: isComplete)
    }
}
