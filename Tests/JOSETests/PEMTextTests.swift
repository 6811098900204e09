import StrictJSON
import TestSupport
import Testing

@testable import JOSE

@Suite("RFC 7468: public keys and certificates in PEM")
struct PEMTextTests {
    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECd2ss3gnO4FsZSO6o+CT6FMHKbTM
        rfSze11neLDbZ44e03n1SobDc8HTGofEaMuf2kheV2WLsRQm5VW8xx6p0w==
        -----END PUBLIC KEY-----

        """
    /// The same key; expired in 2020, without key usage.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBCTCBsAIBBzAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZzaWduZXIwHhcNMjAw
        MTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjARMQ8wDQYDVQQDDAZzaWduZXIwWTAT
        BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQJ3ayzeCc7gWxlI7qj4JPoUwcptMyt9LN7
        XWd4sNtnjh7TefVKhsNzwdMah8Roy5/aSF5XZYuxFCblVbzHHqnTMAoGCCqGSM49
        BAMCA0gAMEUCIQD3gLJvlg8Vft3EfxEKHqfUH9nq9EcGAC22DesiuVh1BwIgCpha
        nQLPgBzdZeRdMSW55qGXahdWHS4uXoU6ipsdtdg=
        -----END CERTIFICATE-----

        """
    /// The same key, for digital signatures.
    static let signer = """
        -----BEGIN CERTIFICATE-----
        MIIBPjCB5aADAgECAgEIMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBnNpZ25lcjAe
        Fw0yMDAxMDEwMDAwMDBaFw0yMDAyMDEwMDAwMDBaMBExDzANBgNVBAMMBnNpZ25l
        cjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAndrLN4JzuBbGUjuqPgk+hTBym0
        zK30s3tdZ3iw22eOHtN59UqGw3PB0xqHxGjLn9pIXldli7EUJuVVvMceqdOjLjAs
        MAsGA1UdDwQEAwIHgDAdBgNVHQ4EFgQU7NRm0lXdCgJiShbRiXRDY0qA6gMwCgYI
        KoZIzj0EAwIDSAAwRQIgH4BklDoiSEVqBVnPvj2UMY0325MHND3q3wuayGfN8c4C
        IQD2Om32kRL3uoNKfg05GpusKLQJUOe11dlNZ7tKF/rm7Q==
        -----END CERTIFICATE-----

        """
    /// The same key, for signing certificates.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBPTCB5aADAgECAgEJMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBnNpZ25lcjAe
        Fw0yMDAxMDEwMDAwMDBaFw0yMDAyMDEwMDAwMDBaMBExDzANBgNVBAMMBnNpZ25l
        cjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAndrLN4JzuBbGUjuqPgk+hTBym0
        zK30s3tdZ3iw22eOHtN59UqGw3PB0xqHxGjLn9pIXldli7EUJuVVvMceqdOjLjAs
        MAsGA1UdDwQEAwICBDAdBgNVHQ4EFgQU7NRm0lXdCgJiShbRiXRDY0qA6gMwCgYI
        KoZIzj0EAwIDRwAwRAIgRIZorgSdZxUecOplGn8QrEyaS1EL18wvShEcDAZJqsYC
        IDvwooP7em2lK0gwe6Gz9na9jovT4u13Xkje0WYCAcME
        -----END CERTIFICATE-----

        """
    static let rsaKey = """
        -----BEGIN RSA PUBLIC KEY-----
        MIIBCgKCAQEAyx/PK5Za7hgnQTXQxcJqOMBt+z/gkeg14FtxEVdXh4CRwg8pXDlK
        GcmKMnVCfSDVtpPS3ZqXtjubyiRu6uivBYFS04Z/q0hxMfbPI+E1/C14Og3Bo3ZN
        zrcBYCNNqW2/CGLHr8/PlQREuaCXBSZv+z/qoWlDhrebp1ktd00f2p91vTBtOg90
        g349LSE4rl23toWSXEREFSWBqhQnACJZ/aWj70vUMF+LJ0A0OhQRL2FwUsVbROTk
        ipvSCixoxTxSB/gwvU8hhJmaZIeheDPw74S8BNsCvyy9ZL0eNl1T1rs1rTmOapYw
        ptLHRKtRpkY70hBVTD7QQ9nY4GO1qJRO4QIDAQAB
        -----END RSA PUBLIC KEY-----

        """
    static let weakKey = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDxFkQUHAm5Tb7b+Lhab84AsUvz
        6aeO9h1F9n/UqO0AodpbO6t1fYuxkEpD7wWz5KPmV/ymPL6Xn/mBvocqNV+kfQ9N
        oP+B/9VBoDO6ty3vZihePdxOxqydSJt1jyigFUBq0uzO2FTkXhJnkwiWt6DnCj+R
        p9Oqg6tJR1rXsVSu2QIDAQAB
        -----END PUBLIC KEY-----

        """
    static let agreementKey = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VuAyEAgc5gvgena6rHeQxRfrdRNlwuDrUG9DaMoFeaXiSa/n0=
        -----END PUBLIC KEY-----

        """

    static func keys(_ text: String) throws(KeySetError) -> KeySet { try KeySet(pem: Array(text.utf8).span) }

    /// The public half of a P-256 key as a SubjectPublicKeyInfo (RFC 5480 §2).
    static func text(of key: SigningKey) throws -> String {
        let set = try JSONReader.read(key.publicKeySet().span)
        let jwk = try #require(set["keys"]?.array?.first)
        let x = Base64URL.decode(Array(try #require(jwk["x"]?.string).utf8).span)
        let y = Base64URL.decode(Array(try #require(jwk["y"]?.string).utf8).span)
        let algorithm: [UInt8] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
            0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ]
        let content = algorithm + (try #require(x)) + (try #require(y))
        let text = Base64URL.text(content).replacing("-", with: "+").replacing("_", with: "/")
        return "-----BEGIN PUBLIC KEY-----\n\(text.prefix(64))\n\(text.dropFirst(64))==\n-----END PUBLIC KEY-----\n"
    }

    static func error(_ text: String) -> KeySetError? {
        do {
            _ = try keys(text)
            return nil
        } catch {
            return error
        }
    }

    static func fault(_ text: String) -> KeyFault? {
        guard case .block(_, _, let fault)? = error(text) else { return nil }
        return fault
    }

    @Test("A key is the same wherever it comes from, so that identities are remembered across a change of form")
    func identity() throws {
        let point =
            #""x":"Cd2ss3gnO4FsZSO6o-CT6FMHKbTMrfSze11neLDbZ44","y":"HtN59UqGw3PB0xqHxGjLn9pIXldli7EUJuVVvMceqdM""#
        let identity = try RFCVectorTests.keySet(#"{"keys":[{"kty":"EC","crv":"P-256",\#(point)}]}"#).keys[0].identity
        for text in [Self.publicKey, Self.certificate, Self.signer] {
            #expect(try Self.keys(text).keys.map(\.identity) == [identity])
        }
    }

    @Test("Keys of several types may stand in one text, with other lines around them and any line ends")
    func several() throws {
        let text = "The signer's keys\n\(Self.publicKey)and an older one:\n\(Self.rsaKey)"
        for text in [text, text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")] {
            let keys = try Self.keys(text)
            #expect(keys.count == 2 && !keys.holdsSecrets)
            #expect(keys.hasKey(for: .es256) && keys.hasKey(for: .rs256) && keys.hasKey(for: .ps512))
            #expect(!keys.hasKey(for: .es384) && !keys.hasKey(for: .hs256))
        }
    }

    @Test("A key from PEM verifies tokens, with a kid and without")
    func verification() throws {
        let mint = try TokenMint()
        let verifier = TokenVerifier(keys: try Self.keys(Self.text(of: mint.key)), algorithms: AlgorithmSet([.es256]))
        #expect(try RFCVectorTests.verify(mint.token(), with: verifier).subject == "alice")
        let token = try mint.token(header: #"{"alg":"ES256"}"#)
        #expect(try RFCVectorTests.verify(token, with: verifier).subject == "alice")
    }

    @Test("What is no public key or certificate for signatures refuses the text")
    func refused() throws {
        let privateKey = String(decoding: try TokenMint().key.pem(), as: UTF8.self)
        #expect(Self.error(Self.publicKey + privateKey) == .block(number: 2, label: "PRIVATE KEY", fault: .privateKey))
        for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            #expect(Self.fault(Self.rsaKey.replacing("RSA PUBLIC KEY", with: label)) == .privateKey)
        }
        for label in ["CERTIFICATE REQUEST", "X509 CRL", "EC PARAMETERS", "public key"] {
            #expect(Self.fault(Self.rsaKey.replacing("RSA PUBLIC KEY", with: label)) == .notAKey)
        }
        #expect(Self.fault(Self.authority) == .certificateUsage)
        #expect(Self.fault(Self.weakKey) == .modulusSize(bits: 1024))
        #expect(Self.fault(Self.agreementKey) == .unsupportedType)
        #expect(Self.fault(Self.publicKey.replacing("PUBLIC KEY", with: "CERTIFICATE")) == .refused)
        #expect(Self.fault(Self.rsaKey.replacing("RSA PUBLIC", with: "PUBLIC")) == .refused)
    }

    @Test("Two keys of a type are refused, since no kid tells them apart; also the same key twice")
    func sameType() throws {
        let other = try Self.text(of: TokenMint().key)
        for text in [other, Self.certificate] { #expect(Self.fault(Self.publicKey + text) == .sameType(number: 1)) }
    }

    @Test("Text that is not well-formed is refused, cut at every byte")
    func malformed() throws {
        for text in ["", "\n", "{}", "-----BEGIN PUBLIC KEY-----\n", Self.publicKey.replacing("M", with: "!")] {
            #expect(Self.error(text) == .malformedPEM)
        }
        #expect(Self.error(Self.publicKey + "----BEGIN PUBLIC KEY-----\nAAAA\n") == nil)
        #expect(Self.error(Self.publicKey + "-----BEGIN PUBLIC KEY----\nAAAA\n") == .malformedPEM)
        let bytes = Array(Self.publicKey.utf8)
        for count in 0..<bytes.count - 1 {
            #expect(throws: KeySetError.malformedPEM) { try KeySet(pem: Array(bytes[..<count]).span) }
        }
        let large = [UInt8](repeating: 0x0A, count: KeySet.maximumSize) + bytes
        #expect(throws: KeySetError.malformedPEM) { try KeySet(pem: large.span) }
    }
}
