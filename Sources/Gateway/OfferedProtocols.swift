import Bytes
import HTTP

/// The subprotocols that the handshake of a WebSocket offers (RFC 6455 section 4.1), with a token among them where the configuration
/// lets it stand there: behind a marker, which is a subprotocol, too.
struct OfferedProtocols {
    enum Token {
        /// There is no marker.
        case none
        /// Nothing stands behind the marker.
        case missing
        /// There are several markers.
        case repeated
        case found([UInt8])
    }

    private(set) var token = Token.none
    /// The others, as a list.
    private(set) var others: [UInt8] = []

    /// - Parameters:
    ///   - fields: the section of the handshake.
    ///   - marker: the protocol that the token stands behind.
    init(_ fields: borrowing Fields, marker: [UInt8]) {
        var isBehindMarker = false
        for line in 0..<fields.count where fields.known(at: line) == .secWebSocketProtocol {
            let value = fields.value(at: line)
            var position = 0
            while let range = value.nextListElement(&position) {
                if range.isEmpty { continue }
                let element = value.extracting(range)
                if element.equals(marker.span) {
                    isBehindMarker = true
                    if case .none = token { token = .missing } else { token = .repeated }
                } else if isBehindMarker {
                    isBehindMarker = false
                    if case .missing = token { token = .found(element.array) }
                } else {
                    if !others.isEmpty { others.append(", ") }
                    others.append(element)
                }
            }
        }
    }
}
