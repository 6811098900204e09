internal import Bytes

/// The head of a message in the form of HTTP/2 (RFC 9113 section 8.3): pseudo-fields apart, fields in order. Nothing is
/// understood yet.
package struct HeadFields: ~Copyable, Sendable {
    /// `:method`, as it was sent; empty in responses.
    package var method: [UInt8] = []
    /// `:scheme`.
    package var scheme: [UInt8] = []
    /// `:authority`; empty where there is none.
    package var authority: [UInt8] = []
    /// `:path`.
    package var path: [UInt8] = []
    /// `:protocol` (RFC 8441 section 4); empty where there is none.
    package var protocolName: [UInt8] = []
    /// `:status`; 0 in requests.
    package var status = 0
    /// The fields.
    package var fields = Fields()
    /// Whether no content follows: the stream ends with this head.
    package var isComplete = false
    /// Whether a limit was passed, so that not all fields are there.
    package var isTooLarge = false

    package init() {}

    /// Empties the head and keeps its storage.
    package mutating func reset() {
        method.clear()
        scheme.clear()
        authority.clear()
        path.clear()
        protocolName.clear()
        status = 0
        fields.removeAll()
        isComplete = false
        isTooLarge = false
    }
}
