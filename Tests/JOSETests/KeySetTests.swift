import TestSupport
import Testing

@testable import JOSE

@Suite("RFC 7517: key sets")
struct KeySetTests {
    static let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    static let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

    static func point(_ extra: String) -> String {
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\(x)\",\"y\":\"\(y)\"\(extra)}"
    }

    static func error(_ keys: String...) -> KeySetError? {
        let text = Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8)
        do {
            _ = try KeySet(jwks: text.span)
            return nil
        } catch {
            return error
        }
    }

    static func fault(_ key: String) -> KeyFault? {
        guard case .key(_, _, let fault)? = error(key) else { return nil }
        return fault
    }

    @Test("Keys that are wrong refuse the set")
    func wrongKeys() {
        #expect(Self.fault("1") == .notAnObject)
        #expect(Self.fault("{}") == .missing("kty"))
        #expect(Self.fault(#"{"kty":"oct","k":"AAAA"}"#) == .secretSize(bytes: 3, minimum: 32))
        #expect(Self.fault(#"{"kty":"EC","crv":"P-256","x":"AA"}"#) == .missing("y"))
        #expect(Self.fault(#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#) == .coordinateLength)
        #expect(Self.fault(#"{"kty":"EC","crv":"P-256","x":"AA=","y":"AA"}"#) == .notBase64URL("x"))
        let swapped = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\(Self.y)\",\"y\":\"\(Self.x)\"}"
        #expect(Self.fault(swapped) == .pointNotOnCurve)
        #expect(Self.fault(Self.point(",\"alg\":\"RS256\"")) == .algorithmDoesNotFit("RS256"))
        #expect(Self.fault(Self.point(",\"use\":\"sig\",\"key_ops\":[\"encrypt\"]")) == .contradictoryUse)
        #expect(Self.fault(Self.point(",\"kid\":7")) == .wrongType("kid"))
        #expect(Self.fault(Self.point(",\"use\":[]")) == .wrongType("use"))
    }

    @Test("RSA keys have at least 2048 bits and odd numbers")
    func rsa() {
        let short = String(repeating: "_", count: 340)
        #expect(Self.fault("{\"kty\":\"RSA\",\"n\":\"\(short)\",\"e\":\"AQAB\"}") == .modulusSize(bits: 2040))
        let even = String(repeating: "_", count: 341) + "g"
        #expect(Self.fault("{\"kty\":\"RSA\",\"n\":\"\(even)\",\"e\":\"AQAB\"}") == .weakRSA)
        let odd = String(repeating: "_", count: 344)
        #expect(Self.fault("{\"kty\":\"RSA\",\"n\":\"\(odd)\",\"e\":\"AQ\"}") == .weakRSA)
    }

    @Test("Two keys with the same kid refuse the set")
    func duplicateKeyID() {
        let key = Self.point(",\"kid\":\"a\"")
        #expect(Self.error(key, key) == .key(index: 1, keyID: "a", fault: .duplicateKeyID("a")))
    }

    @Test(
        "§5: keys for other purposes are ignored, and a set of nothing else is refused",
        arguments: [
            #"{"kty":"XYZ"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"EC","crv":"secp256k1"}"#,
            #"{"kty":"RSA","use":"enc","alg":"RSA-OAEP"}"#, #"{"kty":"RSA","key_ops":["encrypt"]}"#,
            #"{"kty":"RSA","alg":"RSA-OAEP"}"#,
        ])
    func ignored(key: String) throws {
        #expect(Self.error(key) == .noUsableKey)
        let text = Array("{\"keys\":[\(key),\(Self.point(""))]}".utf8)
        let set = try KeySet(jwks: text.span)
        #expect(set.count == 1 && set.ignored.map(\.index) == [0])
    }

    @Test(
        "What is no set is refused",
        arguments: ["[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{", "{\"keys\":[],\"keys\":[]}"])
    func noSet(text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: KeySetError.self) { try KeySet(jwks: bytes.span) }
    }

    @Test("A kid selects the key that has it; without kid, exactly one key must fit")
    func selection() throws {
        let (first, second) = (try TokenMint(), try TokenMint())
        let sets = [first, second].map {
            String(decoding: $0.key.publicKeySet().dropFirst(9).dropLast(2), as: UTF8.self)
        }
        let keys = try RFCVectorTests.keySet("{\"keys\":[\(sets.joined(separator: ","))]}")
        let verifier = TokenVerifier(keys: keys, algorithms: AlgorithmSet([.es256]))
        #expect(try RFCVectorTests.verify(second.token(), with: verifier).subject == "alice")
        #expect(throws: TokenFault.unknownKey) {
            try RFCVectorTests.verify(first.token(header: "{\"alg\":\"ES256\"}"), with: verifier)
        }
        #expect(throws: TokenFault.unknownKey) {
            try RFCVectorTests.verify(first.token(header: "{\"alg\":\"ES256\",\"kid\":\"x\"}"), with: verifier)
        }
        #expect(throws: TokenFault.badSignature) {
            let header = "{\"alg\":\"ES256\",\"kid\":\"\(second.key.keyID)\"}"
            return try RFCVectorTests.verify(first.token(header: header), with: verifier)
        }
    }
}
