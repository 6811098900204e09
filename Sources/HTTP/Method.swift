internal import Bytes

/// A request method (RFC 9110 section 9).
package enum Method: Hashable, Sendable {
    case get, head, post, put, delete, patch, options, connect, trace
    /// A method that this program gives no meaning to.
    case other(String)

    /// Reads a method, case-sensitively; nil if the bytes are not a token (RFC 9110 section 5.6.2).
    ///
    /// - Parameter token: the bytes of the method.
    package init?(_ token: Span<UInt8>) {
        switch token.count {
        case 3 where token.equals("GET"): self = .get
        case 3 where token.equals("PUT"): self = .put
        case 4 where token.equals("HEAD"): self = .head
        case 4 where token.equals("POST"): self = .post
        case 5 where token.equals("PATCH"): self = .patch
        case 5 where token.equals("TRACE"): self = .trace
        case 6 where token.equals("DELETE"): self = .delete
        case 7 where token.equals("OPTIONS"): self = .options
        case 7 where token.equals("CONNECT"): self = .connect
        default:
            guard token.isToken else { return nil }
            self = .other(token.text)
        }
    }

    /// The method as it stands in a request line.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other(let name): name
        }
    }

    /// Whether a request asks for nothing but to be told something (RFC 9110 section 9.2.1).
    package var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        case .post, .put, .delete, .patch, .connect, .other: false
        }
    }

    /// Whether a request may be sent again after a failure that leaves open whether it was processed (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }

    /// Appends the method's name to `output`.
    package func append(to output: inout [UInt8]) {
        switch self {
        case .get: output.append("GET")
        case .head: output.append("HEAD")
        case .post: output.append("POST")
        case .put: output.append("PUT")
        case .delete: output.append("DELETE")
        case .patch: output.append("PATCH")
        case .options: output.append("OPTIONS")
        case .connect: output.append("CONNECT")
        case .trace: output.append("TRACE")
        case .other(let name): output.append(contentsOf: name.utf8)
        }
    }
}
