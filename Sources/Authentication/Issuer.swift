internal import Bytes
package import JOSE

/// Where in the claims to look; each path is an array of keys.
package struct ClaimMapping: Hashable, Sendable {
    /// Where scopes are; the union counts.
    package var scopes: [[String]] = [["scope"], ["scp"]]
    /// Where roles are; the union counts.
    package var roles: [[String]] = [["roles"]]
    /// Where the subject is; the first found counts.
    package var subject: [[String]] = [["sub"]]
    /// Where the client is; the first found counts.
    package var client: [[String]] = [["client_id"], ["azp"]]

    /// Makes the default mapping.
    package init() {}
}

/// How the tokens of an issuer are verified.
package enum TokenVerification: Sendable, Equatable {
    /// With the keys of the configuration.
    case keys
    /// With keys that are fetched while the configuration is in force.
    case fetchedKeys
    /// By asking the issuer about each token (RFC 7662). The digest is the same for the same endpoint, asked in the same way.
    case status(SHA256Digest)
}

/// What the gateway knows about one issuer of tokens.
package struct Issuer: Sendable {
    /// Its name in the configuration.
    package let name: String
    /// What `iss` must be, exactly.
    package let issuer: String
    /// Any of which must be in `aud`; nil means that any token's audience will do.
    package let audience: [String]?
    /// The algorithms that its tokens may be signed with.
    package let algorithms: AlgorithmSet
    /// The keys that they are signed with, as the configuration has them.
    package var keys: KeySet
    /// How they are verified.
    package var verification = TokenVerification.keys
    /// Where to find scopes, roles, subject and client.
    package var claims = ClaimMapping()
    /// The claims that every token must have; `exp` is governed by `requiresExpiry`.
    package var requiredClaims: [String] = []
    /// How far clocks may differ, in seconds.
    package var clockSkew = 30
    /// How long a token may live, in seconds, or nil.
    package var maximumLifetime: Int?
    /// Whether a token must have `exp`.
    package var requiresExpiry = true
    /// What `typ` must be (RFC 9068 §4), without `application/`; nil accepts `JWT`, `at+jwt` and none.
    package var tokenType: String?

    /// - Parameters:
    ///   - name: its name in the configuration.
    ///   - issuer: what `iss` must be.
    ///   - audience: any of which must be in `aud`; nil means any audience at all.
    ///   - algorithms: those that its tokens may be signed with.
    ///   - keys: the keys that they are signed with.
    package init(name: String, issuer: String, audience: [String]?, algorithms: AlgorithmSet, keys: KeySet) {
        self.name = name
        self.issuer = issuer
        self.audience = audience
        self.algorithms = algorithms
        self.keys = keys
    }

    /// The same for issuers whose settings are the same, other than their keys.
    ///
    /// A cached identity is good only under the settings it was made with; its key is looked at by itself.
    package var fingerprint: SHA256Digest {
        var bytes: [UInt8] = []
        Self.append([name, issuer], to: &bytes)
        bytes.append(audience == nil ? 0 : 1)
        Self.append(audience ?? [], to: &bytes)
        Self.append(requiredClaims, to: &bytes)
        for paths in [claims.scopes, claims.roles, claims.subject, claims.client] {
            bytes.append(decimal: paths.count)
            for path in paths { Self.append(path, to: &bytes) }
        }
        Self.append(tokenType.map { [$0] } ?? [], to: &bytes)
        if case .status(let way) = verification { bytes += way.bytes }
        for number in [Int(algorithms.rawValue), clockSkew, maximumLifetime ?? -1, requiresExpiry ? 1 : 0] {
            bytes.append(UInt8(ascii: ","))
            bytes.append(decimal: number)
        }
        return SHA256.hash(bytes.span)
    }

    /// Appends `texts` with their lengths, so that no two lists are written the same.
    private static func append(_ texts: [String], to bytes: inout [UInt8]) {
        bytes.append(decimal: texts.count)
        for text in texts { bytes.append(counted: text.utf8) }
    }
}
