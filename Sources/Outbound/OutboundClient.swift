package import HTTP
package import Transport

/// What the gateway asks a service.
package struct OutboundRequest: Sendable {
    package var method: Method
    package var url: ServiceURL
    /// Fields besides `Host`, `Content-Length`, `Connection` and `User-Agent`, which the client writes.
    package var fields: [(name: String, value: String)] = []
    package var content: [UInt8] = []

    package init(_ method: Method, _ url: ServiceURL) {
        self.method = method
        self.url = url
    }
}

/// What a service answers.
package struct OutboundResponse: Sendable {
    package let status: Int
    /// The media type without parameters, in lower case; nil if there is none.
    package let mediaType: String?
    package let content: [UInt8]
}

/// Why a service gave no answer, and at which stage.
package struct OutboundError: Error, Sendable, Equatable {
    /// How far it came.
    package enum Stage: String, Sendable, CaseIterable {
        case lookUp = "dns"
        case connect
        case proxy
        case tls
        case http
    }

    package let stage: Stage
    /// What went wrong, for the operator; nothing that the service sent.
    package let detail: String

    package init(_ stage: Stage, _ detail: String) {
        self.stage = stage
        self.detail = detail
    }
}

/// The gateway's own client for one service: HTTP/1.1 over connections that are used again. It belongs to one loop.
package final class OutboundClient {
    /// - Parameters:
    ///   - settings: how the service is reached.
    ///   - loop: where it runs.
    ///   - calls: threads that names are looked up on.
    ///   - forbidden: sockets of this process that must not be connected to, whatever a name comes to.
    package init(_ settings: OutboundSettings, loop: EventLoop, calls: BlockingCalls, forbidden: [SocketAddress]) {}

    /// Sends a request and receives the whole response; several may run at once.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - maximumSize: how large the content of the response may be, in bytes.
    ///   - deadline: when the wait for the response ends.
    /// - Returns: the response, whatever its status; redirects to the same host are followed for GET, at most three.
    /// - Throws: `OutboundError`.
    package func send(
        _ request: OutboundRequest, maximumSize: Int, until deadline: Instant
    ) async throws(OutboundError) -> OutboundResponse {
        throw OutboundError(.connect, "not written yet")
    }

    /// Closes idle connections that are too old or that the service has ended; called about once a second.
    package func sweep() {}

    /// Keeps no connection from now on.
    package func retire() {}
}
