import Bytes
import HTTP
import HTTP2
import Transport

/// The HTTP/2 of one client's connection: each of its streams is an exchange in a task of its own.
final class ClientStreams {
    private let connection: Connection
    private let isWithinLimit: Bool
    private let session: ServerSession
    private let driver: SessionDriver
    /// How many exchanges have not ended.
    private var exchangeCount = 0

    /// - Parameters:
    ///   - connection: what the streams belong to.
    ///   - isWithinLimit: false answers the first requests with 503, and lets no others follow.
    ///   - headTimeout: how long a head may take.
    /// - Throws: `.noResources`.
    init(of connection: Connection, isWithinLimit: Bool, headTimeout: Nanoseconds) throws(HTTP2Error) {
        let settings = connection.resources.generation.settings
        var limits = SessionLimits(messages: settings.messageLimits)
        limits.concurrentStreams = settings.streamLimit
        self.connection = connection
        self.isWithinLimit = isWithinLimit
        session = try ServerSession(limits: limits, storage: connection.resources.streamStorage)
        var patience = DriverSettings()
        patience.prefaceTimeout = headTimeout
        patience.headTimeout = headTimeout
        patience.idleTimeout = isWithinLimit ? settings.idleTimeout : headTimeout
        driver = SessionDriver(
            session: session, stream: connection.stream, loop: connection.resources.loop,
            blocks: connection.resources.blocks, settings: patience)
    }

    /// Runs until the connection is closed and all its exchanges have ended.
    func run() async {
        session.receive(connection.input.span, at: connection.resources.loop.now)
        connection.input.release(to: connection.resources.blocks)
        let end = await driver.run(onArrival: begin)
        connection.resources.noteEnd(of: session, end, from: connection.remoteIP)
        while exchangeCount > 0 { _ = await connection.waiter.wait(until: .never) }
    }

    /// Lets the exchanges under way be the last.
    func shutDown() {
        driver.shutDown()
        wakeExchanges()
    }

    /// Lets the exchanges under way look at what has changed.
    func wakeExchanges() { session.wakeStreams() }

    /// Ends the connection at once.
    func abort() { driver.abort() }

    /// Begins an exchange for each request that has arrived.
    private func begin() {
        while let stream = session.nextStream() {
            exchangeCount += 1
            connection.resources.tasks.start { await self.serve(stream, waiter: $0) }
        }
        if !isWithinLimit, session.openStreams > 0 { driver.shutDown() }
        noteMalformed()
    }

    private func serve(_ stream: HTTP2Stream, waiter: Waiter) async {
        let client = ClientStream(stream, of: connection, waiter: waiter)
        await client.serve(isWithinLimit: isWithinLimit)
        exchangeCount -= 1
        if exchangeCount == 0 { connection.waiter.wake() }
    }

    private func noteMalformed() {
        let resources = connection.resources
        while session.nextMalformed(&resources.head) {
            let exchange = resources.takeExchange()
            exchange.noteMalformed(&resources.head, on: connection)
            exchange.generation.give(exchange)
        }
    }
}
