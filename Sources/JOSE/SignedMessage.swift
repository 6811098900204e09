internal import Bytes
internal import StrictJSON

/// A JSON Web Signature in the compact serialization, parsed but not verified (RFC 7515 §7.1).
struct SignedMessage: ~Escapable {
    let header: TokenHeader
    let payload: [UInt8]
    let signature: [UInt8]
    /// What is signed: header and payload as they are written.
    let signingInput: Span<UInt8>

    /// - Throws: `TokenFault.malformed` or `TokenFault.unsupportedAlgorithm`.
    @_lifetime(copy compact)
    init(compact: Span<UInt8>) throws(TokenFault) {
        guard let headerEnd = compact.firstIndex(of: UInt8(ascii: ".")),
            let payloadEnd = compact.firstIndex(of: UInt8(ascii: "."), from: headerEnd + 1),
            compact.firstIndex(of: UInt8(ascii: "."), from: payloadEnd + 1) == nil
        else { throw .malformed(.parts) }
        header = try TokenHeader(Self.object(Self.bytes(compact.extracting(0..<headerEnd)), orElse: .header))
        payload = try Self.bytes(compact.extracting(headerEnd + 1..<payloadEnd))
        signature = try Self.bytes(compact.extracting(payloadEnd + 1..<compact.count))
        signingInput = compact.extracting(0..<payloadEnd)
    }

    /// Reads a part that must be a JSON object.
    static func object(_ bytes: [UInt8], orElse malformation: Malformation) throws(TokenFault) -> JSONNode {
        do {
            let node = try JSONReader.read(bytes.span, limits: JSONLimits(depth: 16))
            if case .object = node.value { return node }
        } catch {
            throw .malformed(malformation)
        }
        throw .malformed(malformation)
    }

    private static func bytes(_ part: Span<UInt8>) throws(TokenFault) -> [UInt8] {
        guard let bytes = Base64URL.decode(part) else { throw .malformed(.base64URL) }
        return bytes
    }
}
