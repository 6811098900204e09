package import Authentication
package import JOSE

/// Why a test could not be set up.
package enum MintError: Error {
    /// OpenSSL did not sign.
    case notSigned
}

/// Makes tokens and the issuer that accepts them, for tests.
package struct TokenMint: Sendable {
    /// The time that the tests' tokens live at, in seconds since 1970.
    package static let now = 1_800_000_000
    /// The key that signs.
    package let key: SigningKey

    /// - Parameter algorithm: the algorithm that tokens are signed with.
    /// - Throws: `SigningKeyError` if no key can be made.
    package init(_ algorithm: SignatureAlgorithm = .es256) throws {
        key = try SigningKey(generating: algorithm)
    }

    /// The public half of the key.
    ///
    /// - Throws: `KeySetError`, which no key of this mint causes.
    package func keySet() throws -> KeySet {
        let text = key.publicKeySet()
        return try KeySet(jwks: text.span)
    }

    /// The issuer `https://issuer.test` with the audience `api`.
    ///
    /// - Parameter name: its name in the configuration.
    /// - Returns: the issuer.
    /// - Throws: as `keySet`.
    package func issuer(name: String = "main") throws -> Issuer {
        Issuer(
            name: name, issuer: "https://issuer.test", audience: ["api"],
            algorithms: AlgorithmSet([key.algorithm]), keys: try keySet())
    }

    /// Claims that the issuer accepts: `iss`, `aud`, `sub`, and `exp` in five minutes.
    ///
    /// - Parameters:
    ///   - extra: more members, as JSON without braces.
    ///   - expiry: `exp`.
    /// - Returns: the claims as JSON.
    package static func claims(_ extra: String = "", expiry: Int = now + 300) -> String {
        let common = "\"iss\":\"https://issuer.test\",\"aud\":\"api\",\"sub\":\"alice\",\"exp\":\(expiry)"
        return extra.isEmpty ? "{\(common)}" : "{\(common),\(extra)}"
    }

    /// Signs a token.
    ///
    /// - Parameters:
    ///   - claims: the payload.
    ///   - header: the header, or nil for the usual one.
    /// - Returns: the token.
    /// - Throws: `MintError.notSigned`.
    package func token(_ claims: String = claims(), header: String? = nil) throws -> [UInt8] {
        let payload = Array(claims.utf8)
        let token: [UInt8]?
        if let header {
            let header = Array(header.utf8)
            token = key.token(header: header.span, claims: payload.span)
        } else {
            token = key.token(claims: payload.span)
        }
        guard let token else { throw MintError.notSigned }
        return token
    }
}
