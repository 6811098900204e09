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
    private let blocks: BlockPool

    /// - Throws: `.noResources`.
    init(
        stream: any ByteStream, address: String, scheme: StaticString, lookUp: Int, settings: UpstreamSettings,
        loop: EventLoop,
        blocks: BlockPool
    ) throws(HTTP2Error) {
        self.stream = stream
        session = try ClientSession(limits: SessionLimits(messages: settings.messageLimits))
        let patience = SessionDriver.Patience(head: settings.connectTimeout, idle: settings.idleTimeout)
        driver = SessionDriver(session: session, stream: stream, loop: loop, blocks: blocks, patience: patience)
        self.blocks = blocks
        self.address = address
        self.scheme = scheme
        self.lookUp = lookUp
    }

    /// Carries its bytes until it ends, and closes it.
    func run() async {
        var input = ByteBuffer()
        await driver.run(&input)
        input.release(to: blocks)
        stream.close(abruptly: false)
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
