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
