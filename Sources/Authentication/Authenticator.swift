internal import Bytes
internal import JOSE
internal import StrictJSON

/// Turns tokens and API keys into principals.
///
/// One per worker, not Sendable: it holds OpenSSL contexts and the worker's cache of identities.
package final class Authenticator {
    /// How many identities are kept unless the configuration says otherwise.
    package static let defaultCacheCapacity = 10_000

    /// What is kept about an issuer.
    private struct Entry {
        let issuer: Issuer
        let rules: IssuerRules
        let settings: SHA256Digest
        let verifier: TokenVerifier
    }

    private let entries: [Entry]
    private let scopes: Vocabulary
    private let roles: Vocabulary
    private var cache: IdentityCache
    private let maximumTokenSize: Int
    private let apiKeys: [SHA256Digest: Principal]
    private let toldClaims: ToldClaims

    /// - Parameters:
    ///   - issuers: the issuers whose tokens are good somewhere, each `iss` once.
    ///   - apiKeys: the keys that are good somewhere, each hash once; their position among the issuers is the last.
    ///   - toldClaims: the claims that principals keep for upstreams.
    ///   - scopes: the configured scopes.
    ///   - roles: the configured roles.
    ///   - cacheCapacity: how many identities are kept.
    ///   - maximumTokenSize: how long a token may be, in bytes.
    package init(
        issuers: [Issuer], apiKeys: [APIKey] = [], toldClaims: ToldClaims = ToldClaims(), scopes: Vocabulary,
        roles: Vocabulary,
        cacheCapacity: Int = Authenticator.defaultCacheCapacity,
        maximumTokenSize: Int = SignedToken.maximumSize
    ) {
        let vocabulary =
            Self.bytes(of: scopes.names) + Self.bytes(of: roles.names) + toldClaims.paths.flatMap(Self.bytes)
        var entries: [Entry] = []
        for (index, issuer) in issuers.enumerated() {
            // A principal depends on the issuer's settings, its position, the vocabularies and what is told of it.
            var settings = issuer.fingerprint.bytes
            settings.append(decimal: index)
            settings += vocabulary
            entries.append(
                Entry(
                    issuer: issuer, rules: IssuerRules(issuer), settings: SHA256.hash(settings.span),
                    verifier: TokenVerifier(keys: issuer.keys, algorithms: issuer.algorithms)))
        }
        self.entries = entries
        self.scopes = scopes
        self.roles = roles
        self.maximumTokenSize = maximumTokenSize
        self.toldClaims = toldClaims
        var holders: [SHA256Digest: Principal] = [:]
        for key in apiKeys {
            holders[key.hash] = Principal(
                key, issuerIndex: issuers.count, scopes: scopes.set(of: key.scopes), roles: roles.set(of: key.roles))
        }
        self.apiKeys = holders
        cache = IdentityCache(capacity: cacheCapacity)
    }

    /// Goes on with the cache of the worker's authenticator under the configuration before, if it has the same capacity.
    ///
    /// Identities made under settings that have changed are not found again. Both authenticators may be used afterwards,
    /// on the loop that they belong to.
    ///
    /// - Parameter predecessor: whose cache it is.
    package func adoptCache(of predecessor: Authenticator) {
        if cache.capacity == predecessor.cache.capacity { cache = predecessor.cache }
    }

    /// How many identities are kept at the moment.
    package var cachedIdentityCount: Int { cache.count }

    /// The principal that the token stands for; an API key may stand in its place.
    ///
    /// - Parameters:
    ///   - token: the token as it came.
    ///   - acceptedIssuers: positions of the issuers whose tokens are good here; nil means all.
    ///   - now: seconds since 1970.
    ///   - examination: receives what is found out; it takes the place of the cache.
    /// - Returns: the principal.
    /// - Throws: `TokenError`: why the token is not good here and now.
    package func authenticate(
        token: Span<UInt8>, acceptedIssuers: NameSet? = nil, now: Int, examination: TokenExamination? = nil
    ) throws(TokenError) -> Principal {
        if !apiKeys.isEmpty, APIKey.isMeant(by: token) {
            return try authenticate(apiKey: token, acceptedIssuers: acceptedIssuers, now: now)
        }
        guard token.count <= maximumTokenSize else { throw .malformed(.tooLarge) }
        let digest = SHA256.hash(token)
        if let examination {
            return try verify(token, digest: digest, acceptedIssuers: acceptedIssuers, now: now, examination)
        }
        guard let known = cache.identity(of: digest) else {
            return try verify(token, digest: digest, acceptedIssuers: acceptedIssuers, now: now)
        }
        let index = known.principal.issuerIndex
        guard index < entries.count, entries[index].settings == known.settings,
            entries[index].verifier.hasKey(known.signingKey)
        else {
            cache.remove(digest)
            return try verify(token, digest: digest, acceptedIssuers: acceptedIssuers, now: now)
        }
        if let acceptedIssuers, !acceptedIssuers.contains(index) { throw .unknownIssuer }
        do {
            try known.validity.check(for: entries[index].rules, now: now)
        } catch {
            cache.remove(digest)
            throw error
        }
        return known.principal
    }

    /// The principal that holds the API key.
    ///
    /// - Parameters:
    ///   - apiKey: the secret as it came.
    ///   - acceptedIssuers: positions of the issuers whose tokens are good here, API keys being the last; nil means all.
    ///   - now: seconds since 1970.
    /// - Returns: the principal.
    /// - Throws: `TokenError`: why the key is not good here and now.
    package func authenticate(
        apiKey: Span<UInt8>, acceptedIssuers: NameSet? = nil, now: Int
    ) throws(TokenError) -> Principal {
        guard APIKey.isSecret(apiKey) else { throw .apiKey(.malformed) }
        if let acceptedIssuers, !acceptedIssuers.contains(entries.count) { throw .unknownIssuer }
        guard let principal = apiKeys[SHA256.hash(apiKey)] else { throw .apiKey(.unknown) }
        if let expiry = principal.expiry, now >= expiry { throw .apiKey(.expired) }
        return principal
    }

    /// When requests with the principal's token begin to be refused as expired, in seconds since 1970; nil if never.
    package func end(of principal: Principal) -> Int? {
        guard let expiry = principal.expiry else { return nil }
        let index = principal.issuerIndex
        return index < entries.count ? expiry + entries[index].rules.clockSkew : expiry
    }

    private func verify(
        _ token: Span<UInt8>, digest: SHA256Digest, acceptedIssuers: NameSet?, now: Int,
        _ examination: TokenExamination? = nil
    ) throws(TokenError) -> Principal {
        let signed: SignedToken
        do {
            signed = try SignedToken(compact: token, maximumSize: maximumTokenSize)
        } catch {
            throw TokenError(error)
        }
        if let examination { note(signed, in: examination) }
        guard let index = index(of: signed.unverifiedIssuer) else { throw .unknownIssuer }
        if let acceptedIssuers, !acceptedIssuers.contains(index) { throw .unknownIssuer }
        let claims: VerifiedClaims
        do {
            claims = try entries[index].verifier.verify(signed)
        } catch {
            throw TokenError(error)
        }
        if let examination { note(claims, at: now, in: examination) }
        try Self.check(type: signed.type, wanted: entries[index].issuer.tokenType)
        for name in entries[index].issuer.requiredClaims { try Self.require(name, in: claims) }
        let validity = TokenValidity(claims)
        try validity.check(for: entries[index].rules, now: now)
        let principal = try principal(claims, issuerIndex: index, digest: digest)
        if examination == nil {
            cache.insert(
                CachedIdentity(
                    token: digest, settings: entries[index].settings, signingKey: claims.signingKey,
                    validity: validity, principal: principal))
        }
        return principal
    }

    /// Notes what is known before the signature is checked.
    private func note(_ token: borrowing SignedToken, in examination: TokenExamination) {
        examination.algorithm = token.algorithm
        examination.keyID = token.keyID
        examination.type = token.type
        examination.claimedIssuer = token.unverifiedIssuer
        examination.issuerIndex = index(of: token.unverifiedIssuer)
        guard let index = examination.issuerIndex else { return }
        examination.key = try? entries[index].verifier.key(for: token)
    }

    /// Notes what becomes of each check of the claims, also of those that the first bad one leaves unasked.
    private func note(_ claims: VerifiedClaims, at now: Int, in examination: TokenExamination) {
        guard let index = examination.issuerIndex else { return }
        let (issuer, rules) = (entries[index].issuer, entries[index].rules)
        let type = examination.type
        examination.claims = claims
        examination.add("typ") { () throws(TokenError) in try Self.check(type: type, wanted: issuer.tokenType) }
        for name in issuer.requiredClaims {
            examination.add(name) { () throws(TokenError) in try Self.require(name, in: claims) }
        }
        let validity = TokenValidity(claims)
        examination.add("exp") { () throws(TokenError) in try validity.checkExpiry(for: rules, now: now) }
        examination.add("nbf") { () throws(TokenError) in try validity.checkNotBefore(for: rules, now: now) }
        examination.add("iat") { () throws(TokenError) in try validity.checkIssuedAt(for: rules, now: now) }
        examination.add("aud") { () throws(TokenError) in try validity.checkAudience(for: rules) }
        examination.add("lifetime") { () throws(TokenError) in try validity.checkLifetime(for: rules, now: now) }
    }

    private func index(of issuer: String?) -> Int? {
        guard let issuer else { return nil }
        for index in entries.indices where entries[index].issuer.issuer.isExactly(issuer) { return index }
        return nil
    }

    /// Only access tokens are credentials (RFC 8725 §3.11, RFC 9068 §4).
    private static func check(type: String?, wanted: String?) throws(TokenError) {
        var type = type?.lowercased()
        if let long = type, long.hasPrefix("application/") { type = String(long.dropFirst(12)) }
        if let wanted {
            guard type == wanted.lowercased() else { throw .wrongType }
        } else {
            guard type == nil || type == "jwt" || type == "at+jwt" else { throw .wrongType }
        }
    }

    private static func require(_ name: String, in claims: VerifiedClaims) throws(TokenError) {
        guard let node = claims.node[name] else { throw .requiredClaim }
        if case .null = node.value { throw .requiredClaim }
    }

    private func principal(
        _ claims: VerifiedClaims, issuerIndex: Int, digest: SHA256Digest
    ) throws(TokenError) -> Principal {
        let identity = try ClaimedIdentity(
            claims.node, mapping: entries[issuerIndex].issuer.claims, telling: toldClaims.paths)
        let tokenID = claims.tokenID.flatMap { $0.isEmpty ? nil : $0 } ?? digest.hexadecimal(digits: 8)
        return Principal(
            identity, issuerIndex: issuerIndex, issuer: entries[issuerIndex].issuer.issuer, tokenID: tokenID,
            expiry: claims.expiry, scopes: scopes.set(of: identity.scopes), roles: roles.set(of: identity.roles))
    }

    /// `names` with their lengths, so that no two lists are written the same.
    private static func bytes(of names: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for name in names {
            bytes.append(decimal: name.utf8.count)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: name.utf8)
        }
        bytes.append(UInt8(ascii: "/"))
        return bytes
    }
}
