import AccessLog
import Authentication
import Authorization
import Bytes
import HTTP
import Transport
import Upstream

/// One request and its response: the walk from the first byte of the head to the line in the log.
///
/// Exchanges are reused for their storage; between `reset` and `run` they hold nothing of a client.
final class Exchange {
    let resources: WorkerResources
    var request = Request()
    var response = Response()
    /// What goes to the upstream: the request's head and body.
    var upload = BodyPump()
    /// What goes to the client: the response's head and body.
    var download = BodyPump()
    var record = Record()
    var requestID: [UInt8] = []
    var route: GatewayRoute?
    /// Whether a final status has been given to the client, so that no other can be.
    var hasAnswered = false
    var ending = Connection.Ending.keepOpen
    private var parser: RequestParser

    init(resources: WorkerResources) {
        self.resources = resources
        parser = RequestParser(limits: resources.settings.messageLimits)
    }

    func reset() {
        request.reset()
        response.reset()
        upload.reset()
        download.reset()
        record.reset()
        parser.reset()
        route = nil
        hasAnswered = false
        ending = .keepOpen
    }

    /// The walk.
    ///
    /// - Returns: what becomes of the connection.
    func run(on connection: Connection, isWithinLimit: Bool) async -> Connection.Ending {
        begin(on: connection)
        do throws(Refusal) {
            try await receiveHead(from: connection)
            let started = Instant.now
            guard isWithinLimit else { throw .overloaded }
            let route = try match()
            let permit = try await decide(on: route)
            record.decisionDuration = Int64(Instant.now.since(started).count / 1000)
            try await forward(consume permit, from: connection)
        } catch {
            await refuse(error, on: connection)
        }
        finish(on: connection)
        return ending
    }
}
