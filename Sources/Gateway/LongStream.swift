import AccessLog
import Bytes
import HTTP
import Upstream

/// An exchange that may last for hours. It has no minimum rate, may be idle for longer than others, and ends with its token.
enum LongStream {
    /// A call of gRPC, of whatever kind: that does not show.
    case gRPC
    /// A response of server-sent events (HTML section 9.2).
    case events
    /// A WebSocket (RFC 6455).
    case webSocket
}

extension Exchange {
    /// Gives back what a stream does not need while it waits.
    func releaseStorage(of client: Client, _ upstream: UpstreamConnection) {
        if client.input.isEmpty { client.input.release(to: resources.blocks) }
        if upstream.input.isEmpty { upstream.input.release(to: resources.blocks) }
        upload.releaseStorage()
        download.releaseStorage()
        if hasAnswered, download.output.isEmpty, !request.fields.isEmpty { dropHeads() }
    }

    /// Gives up what nothing of a stream depends on once the head of its response is sent.
    private func dropHeads() {
        if let agent = request.fields.value(of: .userAgent) { record.set(.userAgent, to: agent) }
        request.dropFields()
        if longStream != .gRPC { response.dropFields() }
    }
}
