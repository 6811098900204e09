/// The head of a request (RFC 9110 section 6.2), understood and checked.
///
/// Made to be used again: a parser overwrites it and keeps its storage.
package struct Request: ~Copyable, Sendable {
    /// The method (RFC 9110 section 9).
    package internal(set) var method = Method.get
    /// The version that the client speaks.
    package internal(set) var version = Version.http11
    /// The request target in canonical form.
    package internal(set) var target = RequestTarget()
    /// The header section.
    package internal(set) var fields = Fields()
    /// How the end of the body is found; never `untilClose`.
    package internal(set) var framing = BodyFraming.none
    /// The host that the request is for: that of an absolute form, else of `Host`.
    package internal(set) var host = HostName()
    /// Whether the client lets the connection go on after this exchange (RFC 9112 section 9.3).
    package internal(set) var isPersistent = true
    /// Whether the client waits for a 100 response before it sends the body (RFC 9110 section 10.1.1).
    package internal(set) var expectsContinue = false
    /// Whether the client reads trailer fields: `TE` lists `trailers` (RFC 9110 section 10.1.4).
    package internal(set) var acceptsTrailers = false

    /// Whether the client asks for a WebSocket (RFC 6455 section 4.1, RFC 8441 section 4). Such a request is a GET without a
    /// body, whatever it was in HTTP/2.
    package internal(set) var opensWebSocket = false

    /// How often an OPTIONS request may still be forwarded (RFC 9110 section 7.6.2); nil where it does not say.
    package var maxForwards: Int? {
        guard method == .options, let value = fields.value(of: .maxForwards) else { return nil }
        return value.decimalNumber
    }

    package init() {}

    /// Gives up the fields and their storage.
    package mutating func dropFields() { fields = Fields() }

    /// Empties the request and keeps its storage.
    package mutating func reset() {
        method = .get
        version = .http11
        target.removeAll()
        fields.removeAll()
        framing = .none
        host.removeAll()
        isPersistent = true
        expectsContinue = false
        acceptsTrailers = false
        opensWebSocket = false
    }
}
