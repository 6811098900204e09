import Bytes
import Configuration
import Glibc

extension Surroundings {
    /// An Ed25519 key (RFC 8037 appendix A.2).
    static let keySet = """
        {"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
        """

    /// A private key as PKCS #8 writes it; its content is not looked at.
    static let privateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"

    /// Revoked tokens; the first ended at the beginning of 2027.
    static let revocations = """
        { "revocations": [
            { "jti": "one", "expires_at": "2027-01-01T00:00:00Z" },
            { "jti": "two", "expires_at": "2027-02-01T00:00:00Z", "comment": "stolen" },
            { "sub": "alice", "issuer": "https://idp/", "issued_before": 1801353600 }
        ] }
        """

    /// A file with the same purpose and faults.
    static let badRevocations = """
        {
          "revocation": [],
          "revocations": [
            { "jti": "one" }, "two", { "sub": "alice" },
            { "jti": "three", "expires_at": "tomorrow" },
            { "jti": "four", "sid": "five" }, { "jti": "six", "until": 7 }
          ]
        }
        """

    /// A fixed environment and fixed files, at the beginning of 31 January 2027.
    static var fixed: Surroundings {
        Surroundings(
            now: 1_801_353_600,
            environment: { name in
                [
                    "PORT": "9000", "EMPTY": "", "ADDRESS": "Inner.Example:x9000", "TOKEN": "hunter2 \u{e9}",
                    "QUOTES": "\", \"public\": true, \"x\": \"", "ITEMS": "items",
                    "SECRET": "0123456789abcdef0123456789abcdef",
                ][name]
            },
            contentsOfFile: { path in
                switch path {
                case "keys.json", "state/jwks.json", "/etc/gateway/keys.json": .success(Array(keySet.utf8))
                case "revocations.json": .success(Array(revocations.utf8))
                case "bad-revocations.json": .success(Array(badRevocations.utf8))
                case "not-keys.json": .success(Array("[]".utf8))
                case "private.pem": .success(Array(privateKey.utf8))
                case "forbidden.json": .failure(FileError(code: EACCES))
                case _ where path.hasSuffix(".pem") || path.hasSuffix(".key") || path.hasSuffix(".crl"):
                    certificateFile(path)
                default: .failure(FileError(code: ENOENT))
                }
            })
    }
}

/// A file of `Certificates`.
func certificateFile(_ name: String) -> Result<[UInt8], FileError> {
    Result { () throws(FileError) in
        try FileContents.read("\(testDirectory)/Certificates/\(name)", limit: 1 << 16)
    }
}

/// The directory that holds these tests.
let testDirectory = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))

/// Reads `text` as a configuration; the result is what is wrong with it, or nil.
func errors(_ text: String, file: String = "gateway.json") -> ConfigurationErrors? {
    do {
        _ = try GatewayConfiguration.read(Array(text.utf8), file: file, surroundings: .fixed)
        return nil
    } catch {
        return error
    }
}
