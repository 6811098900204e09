import TLS
import Testing

@Suite("Versions")
struct TLSVersionTests {
    @Test("the log writes a version as OpenSSL names it")
    func text() {
        #expect(TLSVersion.tls12.text == "TLSv1.2")
        #expect(TLSVersion.tls13.text == "TLSv1.3")
    }
}
