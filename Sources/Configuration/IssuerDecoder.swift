import Bytes
import JOSE
import StrictJSON

/// Decodes issuers and reads their keys.
struct IssuerDecoder {
    let files: NamedFiles
    let names: KnownNames

    private var problems: ProblemCollector { files.problems }

    /// The issuers whose keys could be read.
    func decode(_ map: Cursor?) -> [IssuerConfiguration] {
        var lines: [ExactText: Int] = [:]
        var endpoint: Cursor?
        return (map?.members ?? []).compactMap { member in
            if let cursor = member.value["issuer"], let issuer = cursor.string, !issuer.isEmpty {
                if let line = lines[ExactText(issuer)] {
                    problems.report("the issuer on line \(line) has the same \"issuer\"", as: .usedTwice, at: cursor)
                } else {
                    lines[ExactText(issuer)] = problems.line(of: cursor)
                }
            }
            if member.value["token_endpoint"] != nil {
                if let endpoint {
                    problems.report(
                        "there can be one token endpoint: the issuer on line \(problems.line(of: endpoint)) has it",
                        as: .usedTwice, at: member.value.nameRange(of: "token_endpoint"),
                        pointer: .key(member.value.pointer, "token_endpoint"))
                }
                endpoint = endpoint ?? member.value
            }
            return decode(member.name, member.value)
        }
    }

    private func decode(_ name: String, _ cursor: Cursor) -> IssuerConfiguration? {
        let claims = decodeClaims(cursor["claims"])
        let endpoint = cursor["token_endpoint"].flatMap { TokenEndpointDecoder(self).decode($0, in: cursor) }
        let keySource = endpoint.flatMap(ownKeys) ?? askedKeys(name, cursor) ?? decodeKeys(cursor["keys"])
        let algorithms =
            endpoint.map { [$0.signingKey.algorithm] } ?? decodeAlgorithms(cursor["algorithms"], keys: keySource?.1)
        let isIntrospected = cursor["keys"]?["introspection"] != nil
        guard let (source, keys) = keySource else { return nil }
        let audience = cursor["audience"]?.strings.map { AudienceConfiguration.oneOf($0) } ?? .any
        var issuer = IssuerConfiguration(
            name: name, issuer: cursor["issuer"]?.string ?? "", audience: audience,
            algorithms: algorithms, keySource: source, keys: keys, claims: claims,
            requiredClaims: cursor["required_claims"]?.strings ?? [],
            clockSkew: cursor["clock_skew"]?.duration ?? .seconds(30),
            maximumLifetime: cursor["maximum_lifetime"]?.duration,
            requiresExpiry: cursor["require_expiry"]?.boolean ?? !isIntrospected,
            tokenType: cursor["token_type"]?.string, grant: cursor["grant"]?.choice(ScopeGrant.self),
            tokenEndpoint: endpoint)
        issuer.waitsForKeys = cursor["keys_at_start"]?.choice(KeysAtStart.self) == .wait
        return issuer
    }

    /// Where there are no keys yet, since the provider is to be asked for them, or about tokens.
    private func askedKeys(_ name: String, _ cursor: Cursor) -> (KeySourceConfiguration, KeySet)? {
        guard let keys = cursor["keys"] else { return nil }
        if let introspection = keys["introspection"] {
            return IntrospectionDecoder(files: files).decode(introspection, name: name, in: cursor)
                .map { (.introspection($0), KeySet()) }
        }
        guard keys["discovery"] != nil || keys["jwks_uri"] != nil else { return nil }
        return RemoteKeysDecoder(files: files).decode(cursor, name: name).map { (.remote($0), KeySet()) }
    }

    private func ownKeys(_ endpoint: TokenEndpointConfiguration) -> (KeySourceConfiguration, KeySet)? {
        (try? KeySet(jwks: endpoint.signingKey.publicKeySet().span)).map { (.tokenEndpoint, $0) }
    }

    private func decodeKeys(_ cursor: Cursor?) -> (KeySourceConfiguration, KeySet)? {
        if let file = cursor?["jwks_file"] {
            return decodeFile(file) { (bytes) throws(KeySetError) in try KeySet(jwks: bytes.span) }
                .map { (.file($0), $1) }
        }
        if let file = cursor?["pem_file"] {
            return decodeFile(file) { (bytes) throws(KeySetError) in try KeySet(pem: bytes.span) }
                .map { (.pemFile($0), $1) }
        }
        if let set = cursor?["jwks"], set.node.object != nil {
            do {
                return (.inline, try KeySet(set.node))
            } catch {
                problems.report("these keys are not usable: \(error.description)", at: set)
            }
        }
        if let cursor = cursor?["secret"], let secret = SecretDecoder(files: files).decode(cursor) {
            do {
                return (.secret, try KeySet(secret: secret.bytes))
            } catch {
                problems.report("this secret is not usable: \(error.description)", at: cursor)
            }
        }
        return nil
    }

    /// The path of a file and the keys in it.
    private func decodeFile(
        _ cursor: Cursor, by read: ([UInt8]) throws(KeySetError) -> KeySet
    ) -> (String, KeySet)? {
        guard let file = files.read(cursor) else { return nil }
        do {
            return (file.path, try read(file.content))
        } catch {
            problems.report("the keys in \(file.words) are not usable: \(error.description)", at: cursor)
            return nil
        }
    }

    /// The algorithms, which must be of one kind, that of the keys: an issuer that took secrets and public keys would let a
    /// public key be used as a secret.
    private func decodeAlgorithms(_ cursor: Cursor?, keys: KeySet?) -> [SignatureAlgorithm] {
        let known = (cursor?.elements ?? []).compactMap { element in
            element.string.flatMap(SignatureAlgorithm.init(name:)).map { (element: element, algorithm: $0) }
        }
        guard let first = known.first?.algorithm else { return [] }
        if let other = known.first(where: { $0.algorithm.isSymmetric != first.isSymmetric }) {
            problems.report(
                "\"\(other.algorithm.name)\" cannot stand beside \"\(first.name)\": one takes a secret, the other public keys",
                at: other.element)
        } else if let keys {
            for (element, algorithm) in known { requireKey(for: algorithm, in: keys, at: element) }
        }
        return known.map(\.algorithm)
    }

    private func requireKey(for algorithm: SignatureAlgorithm, in keys: KeySet, at cursor: Cursor) {
        let name = algorithm.name
        switch (algorithm.minimumSecretSize, keys.holdsSecrets) {
        case (.some, false): problems.report("\"\(name)\" takes a secret, but the keys are public keys", at: cursor)
        case (nil, true): problems.report("\"\(name)\" takes public keys, but the keys are secrets", at: cursor)
        case (let size?, true) where !keys.hasKey(for: algorithm):
            problems.report("no secret is fit for \"\(name)\", which takes at least \(size) bytes", at: cursor)
        default: break
        }
    }

    private func decodeClaims(_ cursor: Cursor?) -> ClaimsConfiguration {
        var claims = ClaimsConfiguration()
        func paths(_ name: String) -> [[String]]? { cursor?[name]?.elements.compactMap(\.strings) }
        if let scopes = paths("scopes") { claims.scopes = scopes }
        if let roles = paths("roles") { claims.roles = roles }
        if let subject = paths("subject") { claims.subject = subject }
        if let client = paths("client") { claims.client = client }
        return claims
    }
}
