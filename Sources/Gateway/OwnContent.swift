import Bytes

/// What the gateway answers itself.
struct OwnContent {
    /// Field lines that describe it.
    let fields: StaticString
    let body: [UInt8]

    static func text(_ text: StaticString) -> OwnContent {
        var body: [UInt8] = []
        body.append(text)
        return OwnContent(fields: "Content-Type: text/plain\r\nCache-Control: no-store\r\n", body: body)
    }

    /// A JWK Set (RFC 7517 §8.5), which nobody needs to fetch more often than every five minutes.
    static func keySet(_ body: [UInt8]) -> OwnContent {
        OwnContent(
            fields: "Content-Type: application/jwk-set+json\r\nCache-Control: public, max-age=300\r\n", body: body)
    }

    /// What is told of a protected resource (RFC 9728 §3.2); what a reload changes is known everywhere five minutes later.
    static func resourceMetadata(_ body: [UInt8]) -> OwnContent {
        OwnContent(fields: "Content-Type: application/json\r\nCache-Control: public, max-age=300\r\n", body: body)
    }

    /// An answer of the token endpoint (RFC 6749 §5.1 and §5.2).
    static func token(_ body: [UInt8]) -> OwnContent {
        OwnContent(
            fields: "Content-Type: application/json\r\nCache-Control: no-store\r\nPragma: no-cache\r\n", body: body)
    }

    /// The answer to a call of gRPC that comes to nothing.
    static let call = OwnContent(fields: "Content-Type: application/grpc\r\nCache-Control: no-store\r\n", body: [])

    /// A problem document (RFC 9457).
    static func problem(_ body: [UInt8]) -> OwnContent {
        OwnContent(fields: "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n", body: body)
    }
}
