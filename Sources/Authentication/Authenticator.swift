internal import Bytes
package import JOSE
package import Revocation
internal import StrictJSON

/// Turns tokens and API keys into principals.
///
/// One per worker, not Sendable: it holds OpenSSL contexts and the worker's cache of identities.
package final class Authenticator {
    /// How many identities are kept unless the configuration says otherwise.
    package static let defaultCacheCapacity = 10_000

    private let entries: [IssuerState]
    /// The positions of the issuers that are asked about tokens.
    private let askedIssuers: [Int]
    private var denylist = Denylist([])
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
        var entries: [IssuerState] = []
        for (index, issuer) in issuers.enumerated() {
            // A principal depends on the issuer's settings, its position, the vocabularies and what is told of it.
            var settings = issuer.fingerprint.bytes
            settings.append(decimal: index)
            settings += vocabulary
            entries.append(IssuerState(issuer, settings: SHA256.hash(settings.span)))
        }
        self.entries = entries
        askedIssuers = entries.indices.filter { entries[$0].way != nil }
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

    // MARK: What changes meanwhile

    /// Takes over the keys of an issuer whose keys are fetched.
    ///
    /// - Parameters:
    ///   - keys: the keys; nil if there are none.
    ///   - end: when they are too old, in seconds since 1970.
    ///   - index: the issuer's position.
    package func adopt(_ keys: KeySet?, until end: Int, ofIssuerAt index: Int) {
        entries[index].keysEnd = keys == nil ? 0 : end
        guard let keys, entries[index].verifier.keys != keys else { return }
        entries[index].verifier = TokenVerifier(keys: keys, algorithms: entries[index].issuer.algorithms)
    }

    /// Notes what became of the question for an issuer's keys.
    ///
    /// - Parameters:
    ///   - isCurrent: whether its keys here are all that it has, so that a key which is not among them does not exist.
    ///   - nextQuestion: before when it is not to be asked again, in seconds since 1970; after `now`.
    ///   - index: the issuer's position.
    ///   - now: seconds since 1970.
    package func noteKeys(isCurrent: Bool, nextQuestion: Int, ofIssuerAt index: Int, now: Int) {
        entries[index].isCurrent = isCurrent
        entries[index].isLeftAlone = now..<max(now, nextQuestion)
    }

    /// Refuses what is revoked from now on, cached identities too.
    package func adopt(_ denylist: Denylist) { self.denylist = denylist }

    /// Whether the principal's token was revoked.
    ///
    /// - Parameters:
    ///   - principal: of this authenticator, or of another under another configuration.
    ///   - now: seconds since 1970.
    /// - Returns: whether it was.
    package func isRevoked(_ principal: Principal, now: Int) -> Bool {
        denylist.revokes(principal.revocable, now: now)
    }

    // MARK: Authenticating

    /// The principal that the token stands for; an API key may stand in its place.
    ///
    /// - Parameters:
    ///   - token: the token as it came.
    ///   - acceptedIssuers: positions of the issuers whose tokens are good here; nil means all.
    ///   - now: seconds since 1970.
    ///   - status: what its issuer says of the token, where that was asked for.
    ///   - examination: receives what is found out; it takes the place of the cache.
    /// - Returns: the principal.
    /// - Throws: `TokenError`: why the token is not good here and now; `.undecided` with what is to be found out first.
    package func authenticate(
        token: Span<UInt8>, acceptedIssuers: NameSet? = nil, now: Int, status: TokenStatus? = nil,
        examination: TokenExamination? = nil
    ) throws(TokenError) -> Principal {
        if !apiKeys.isEmpty, APIKey.isMeant(by: token) {
            return try authenticate(apiKey: token, acceptedIssuers: acceptedIssuers, now: now)
        }
        guard token.count <= maximumTokenSize else { throw .malformed(.tooLarge) }
        let digest = SHA256.hash(token)
        if examination == nil,
            let known = try knownIdentity(of: digest, acceptedIssuers: acceptedIssuers, now: now)
        {
            guard !known.isRevoked(by: denylist, now: now) else { throw .revoked }
            return known.principal
        }
        let principal = try verify(
            token, digest: digest, acceptedIssuers: acceptedIssuers, now: now, status: status, examination)
        guard !isRevoked(principal, now: now) else { throw .revoked }
        return principal
    }

    /// The identity of a token that was seen before; nil if it has to be verified.
    private func knownIdentity(
        of digest: SHA256Digest, acceptedIssuers: NameSet?, now: Int
    ) throws(TokenError) -> CachedIdentity? {
        guard let known = cache.identity(of: digest) else { return nil }
        let index = known.principal.issuerIndex
        guard index < entries.count, entries[index].stands(known), known.known.contains(now) else {
            cache.remove(digest)
            return nil
        }
        let entry = entries[index]
        if let acceptedIssuers, !acceptedIssuers.contains(index) {
            // Another issuer may know a token that names none.
            if entry.way != nil { return nil }
            throw .unknownIssuer
        }
        guard now < entry.keysEnd else { throw entry.keysMissing(at: index, now: now) }
        do {
            try known.validity.check(for: entry.rules, now: now)
        } catch {
            cache.remove(digest)
            throw error
        }
        return known
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
        guard !isRevoked(principal, now: now) else { throw .revoked }
        return principal
    }

    /// When requests with the principal's token begin to be refused as expired, in seconds since 1970; nil if never.
    package func end(of principal: Principal) -> Int? {
        guard let expiry = principal.expiry else { return nil }
        let index = principal.issuerIndex
        return index < entries.count ? expiry + entries[index].rules.clockSkew : expiry
    }

    private func verify(
        _ token: Span<UInt8>, digest: SHA256Digest, acceptedIssuers: NameSet?, now: Int, status: TokenStatus?,
        _ examination: TokenExamination?
    ) throws(TokenError) -> Principal {
        if let index = issuerToAsk(about: token, acceptedIssuers: acceptedIssuers) {
            return try judge(token, digest: digest, ofIssuerAt: index, now: now, status: status)
        }
        let signed: SignedToken
        do {
            signed = try SignedToken(compact: token, maximumSize: maximumTokenSize)
        } catch {
            throw TokenError(error)
        }
        if let examination { note(signed, in: examination) }
        guard let index = index(of: signed.unverifiedIssuer) else { throw .unknownIssuer }
        if let acceptedIssuers, !acceptedIssuers.contains(index) { throw .unknownIssuer }
        if entries[index].way != nil {
            return try judge(token, digest: digest, ofIssuerAt: index, now: now, status: status)
        }
        let claims = try entries[index].verifiedClaims(of: signed, position: index, now: now)
        if let examination { note(claims, at: now, in: examination) }
        try Self.check(type: signed.type, wanted: entries[index].issuer.tokenType)
        return try principal(claims, issuerIndex: index, digest: digest, now: now, keeps: examination == nil)
    }

    // MARK: Asking issuers

    /// The issuer that a token is shown to which does not say whose it is; nil if it is a JWT, or no issuer is asked.
    private func issuerToAsk(about token: Span<UInt8>, acceptedIssuers: NameSet?) -> Int? {
        guard !askedIssuers.isEmpty, !SignedToken.isMeant(by: token) else { return nil }
        return askedIssuers.first { acceptedIssuers?.contains($0) ?? true }
    }

    /// Judges a token by what its issuer says of it.
    private func judge(
        _ token: Span<UInt8>, digest: SHA256Digest, ofIssuerAt index: Int, now: Int, status: TokenStatus?
    ) throws(TokenError) -> Principal {
        guard let way = entries[index].way else { throw .unknownIssuer }
        switch status {
        case nil: throw .undecided(.status(issuer: index, token: OpaqueToken(bytes: token.array, digest: digest)))
        case .unknown: throw .statusUnavailable
        case .inactive: throw .inactive
        case .active(let node, let end):
            let claims: VerifiedClaims
            do {
                claims = try VerifiedClaims(saidOf: node, askedBy: way)
            } catch {
                throw TokenError(error)
            }
            if let issuer = claims.issuer, !entries[index].issuer.issuer.isExactly(issuer) { throw .unknownIssuer }
            try Self.checkUse(of: node)
            return try principal(claims, issuerIndex: index, digest: digest, now: now, keeps: true, until: end)
        }
    }

    /// Issuers answer for refresh tokens as well, and some say so.
    private static func checkUse(of answer: JSONNode) throws(TokenError) {
        if let use = answer["token_use"]?.string, use.lowercased() != "access_token", use.lowercased() != "access" {
            throw .wrongType
        }
        if let type = answer["token_type"]?.string?.lowercased(), type == "refresh_token" || type == "refresh" {
            throw .wrongType
        }
    }

    // MARK: Examining

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

    /// Checks the claims, and keeps the identity that they give.
    private func principal(
        _ claims: VerifiedClaims, issuerIndex index: Int, digest: SHA256Digest, now: Int, keeps: Bool,
        until end: Int = .max
    ) throws(TokenError) -> Principal {
        let issuer = entries[index].issuer
        for name in issuer.requiredClaims { try Self.require(name, in: claims) }
        let validity = TokenValidity(claims)
        try validity.check(for: entries[index].rules, now: now)
        let identity = try ClaimedIdentity(claims.node, mapping: issuer.claims, telling: toldClaims.paths)
        let principal = Principal(
            identity, claims, issuerIndex: index, issuer: issuer.issuer, digest: digest,
            scopes: scopes.set(of: identity.scopes), roles: roles.set(of: identity.roles))
        if keeps, now < end {
            let known = end == .max ? 0..<end : now..<end
            // What another issuer said of the same token is not kept beside it.
            cache.remove(digest)
            cache.insert(
                CachedIdentity(
                    token: digest, settings: entries[index].settings, signingKey: claims.signingKey,
                    validity: validity, principal: principal, known: known))
        }
        return principal
    }

    /// `names` with their lengths, so that no two lists are written the same.
    private static func bytes(of names: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for name in names { bytes.append(counted: name.utf8) }
        bytes.append(UInt8(ascii: "/"))
        return bytes
    }
}
