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

    /// How long a connection in use may be silent before it is asked whether it is there (RFC 9113 section 6.7).
    private static let pingInterval = Nanoseconds.seconds(15)

    /// - Throws: `.noResources`.
    init(
        stream: any ByteStream, address: String, scheme: StaticString, lookUp: Int, settings: UpstreamSettings,
        loop: EventLoop,
        blocks: BlockPool
    ) throws(HTTP2Error) {
        self.stream = stream
        session = try ClientSession(limits: SessionLimits(messages: settings.messageLimits))
        var patience = DriverSettings()
        patience.prefaceTimeout = settings.connectTimeout
        patience.idleTimeout = settings.idleTimeout
        patience.pingInterval = Self.pingInterval
        driver = SessionDriver(session: session, stream: stream, loop: loop, blocks: blocks, settings: patience)
        self.address = address
        self.scheme = scheme
        self.lookUp = lookUp
    }

    /// Carries its bytes until it ends, and closes it.
    func run() async {
        _ = await driver.run(onArrival: {})
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
