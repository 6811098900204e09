internal import Bytes

extension Span where Element == UInt8 {
    /// Whether a value of `Content-Type` names a media type, whatever its parameters say (RFC 9110 §8.3.1).
    ///
    /// - Parameter name: type and subtype, in any case.
    /// - Returns: whether it is that type.
    package func isMediaType(_ name: StaticString) -> Bool {
        var length = firstIndex(of: UInt8(ascii: ";")) ?? count
        while length > 0, self[length - 1] == UInt8(ascii: " ") || self[length - 1] == UInt8(ascii: "\t") {
            length -= 1
        }
        return extracting(0..<length).equalsIgnoringCase(name)
    }

    /// Whether a value of `Content-Type` says that the message is one of gRPC; gRPC-Web is something else.
    package var isGRPC: Bool {
        let prefix = 16
        guard count >= prefix, extracting(..<prefix).equalsIgnoringCase("application/grpc") else { return false }
        return count == prefix || self[prefix] == UInt8(ascii: "+") || self[prefix] == UInt8(ascii: ";")
            || self[prefix] == UInt8(ascii: " ")
    }
}
