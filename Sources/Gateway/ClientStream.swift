import Bytes
import HTTP2
import Transport

/// One stream of a client's HTTP/2 connection: one exchange.
final class ClientStream: Client {
    private let connection: Connection

    /// - Parameters:
    ///   - stream: the stream; its request's head is there.
    ///   - connection: what it belongs to.
    ///   - waiter: the task's own.
    init(_ stream: HTTP2Stream, of connection: Connection, waiter: Waiter) {
        self.connection = connection
        super.init(
            stream: stream, http2: stream, origin: connection.origin, remoteIP: connection.remoteIP,
            listener: connection.listener, resources: connection.resources, waiter: waiter)
        security = connection.security
    }

    override var isEnding: Bool { connection.isEnding }

    override func adoptNextListener() {
        connection.adoptNextListener()
        listener = connection.listener
        origin = connection.origin
    }

    /// Serves the exchange, and ends the stream.
    func serve(isWithinLimit: Bool) async {
        let exchange = resources.takeExchange()
        let ending = await exchange.run(
            on: self, isWithinLimit: isWithinLimit, headTimeout: resources.generation.settings.headTimeout)
        exchange.generation.give(exchange)
        input.release(to: resources.blocks)
        stream.close(abruptly: ending == .reset)
    }
}
