/// The head of a response (RFC 9110 section 6.2), understood and checked.
///
/// Made to be used again: a parser overwrites it and keeps its storage.
package struct Response: ~Copyable, Sendable {
    /// The status code, 100 to 599.
    package internal(set) var status = 0
    /// The reason phrase as it was sent; may be empty.
    package internal(set) var reason: [UInt8] = []
    /// The version that the upstream speaks.
    package internal(set) var version = Version.http11
    /// The header section.
    package internal(set) var fields = Fields()
    /// How the end of the body is found.
    package internal(set) var framing = BodyFraming.none
    /// What `Content-Length` says, also where there is no body: in a response to HEAD, and with status 304.
    package internal(set) var declaredLength: Int?
    /// Whether the connection can carry another exchange after this one (RFC 9112 section 9.3).
    package internal(set) var isPersistent = true

    package init() {}

    /// Whether another response to the same request follows (RFC 9110 section 15.2); 101 is the last in HTTP.
    package var isInformational: Bool { status < 200 && status != 101 }

    /// Gives up the fields and their storage.
    package mutating func dropFields() { fields = Fields() }

    /// Empties the response and keeps its storage.
    package mutating func reset() {
        status = 0
        reason.removeAll(keepingCapacity: true)
        version = .http11
        fields.removeAll()
        framing = .none
        declaredLength = nil
        isPersistent = true
    }
}
