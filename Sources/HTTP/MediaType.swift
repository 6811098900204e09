internal import Bytes

extension Span where Element == UInt8 {
    /// Whether a value of `Content-Type` names a media type, whatever its parameters say (RFC 9110 §8.3.1).
    ///
    /// - Parameter name: type and subtype, in any case.
    /// - Returns: whether it is that type.
    package func isMediaType(_ name: StaticString) -> Bool {
        count >= name.utf8CodeUnitCount && mediaType.equalsIgnoringCase(name)
    }

    /// Whether a value of `Content-Type` says that the message is one of gRPC; gRPC-Web is something else.
    package var isGRPC: Bool {
        let name = mediaType
        let encodingStart = 16
        return name.equalsIgnoringCase("application/grpc")
            || name.count > encodingStart && name.extracting(...encodingStart).equalsIgnoringCase("application/grpc+")
    }

    /// The media type that a value of `Content-Type` names, as it was sent, without parameters (RFC 9110 §8.3.1).
    package var mediaType: Span<UInt8> {
        @_lifetime(copy self) get { extracting(trimmed(0..<(firstIndex(of: UInt8(ascii: ";")) ?? count))) }
    }
}
