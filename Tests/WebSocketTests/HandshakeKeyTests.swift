import Bytes
import Testing
import WebSocket

@Suite("RFC 6455 section 1.3: the key of a handshake")
struct HandshakeKeyTests {
    @Test("The answer to the example's key is the example's")
    func example() {
        let value = Array("dGhlIHNhbXBsZSBub25jZQ==".utf8)
        let key = HandshakeKey(value.span)
        #expect(key.text == value)
        #expect(key.acceptance == Array("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".utf8))
    }

    @Test("§4.1: a new key is 16 bytes in base64, another each time")
    func fresh() {
        var random = RandomNumbers()
        let keys = (0..<20).map { _ in HandshakeKey(from: &random).text }
        for key in keys { #expect(Base64.decode(key.span, isPadded: true)?.count == 16) }
        #expect(Set(keys).count == keys.count)
    }
}
