import Authentication
import Testing

@Suite("RFC 6750 §2.1: the Authorization field")
struct BearerCredentialTests {
    static func read(_ value: String) -> BearerCredential {
        let bytes = Array(value.utf8)
        return BearerCredential(bytes.span)
    }

    @Test("The scheme is read in any case, with one or more spaces", arguments: ["Bearer a", "bearer a", "BEARER a"])
    func scheme(value: String) {
        #expect(Self.read(value) == .token(7..<8))
        #expect(Self.read("Bearer   a.b-c_d~e+f/g==") == .token(9..<24))
    }

    @Test(
        "Another scheme is no bearer token",
        arguments: ["", "Basic YTpi", "Bearers a", "Bearera", "Token a", "Beare"])
    func otherScheme(value: String) {
        #expect(Self.read(value) == .none)
    }

    @Test(
        "Anything but one token behind the scheme is malformed",
        arguments: ["Bearer", "Bearer ", "Bearer\ta", "Bearer a b", "Bearer a "])
    func malformed(value: String) {
        #expect(Self.read(value) == .malformed)
    }
}
