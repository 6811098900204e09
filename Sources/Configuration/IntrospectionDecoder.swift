import IdentityProviders
import JOSE
import Transport

/// How the gateway says who it is at an introspection endpoint.
enum IntrospectionMethod: String, CaseIterable {
    case basic = "client_secret_basic"
    case post = "client_secret_post"
    case privateKey = "private_key_jwt"
}

/// Decodes whom to ask about an issuer's tokens.
struct IntrospectionDecoder {
    let files: NamedFiles

    private var problems: ProblemCollector { files.problems }

    /// Decodes the value of `introspection`.
    ///
    /// - Parameters:
    ///   - cursor: the value.
    ///   - name: the name of the issuer.
    ///   - issuer: the issuer that it stands in.
    /// - Returns: nil if something is missing, which is reported.
    func decode(_ cursor: Cursor, name: String, in issuer: Cursor) -> IntrospectionSettings? {
        let provider = ProviderDecoder(files: files)
        let client = provider.decode(in: issuer, for: "introspection")
        let endpoint = provider.url(cursor["endpoint"], client, in: issuer)
        guard let authentication = authentication(cursor), let endpoint, let clientID = cursor["client_id"]?.string
        else { return nil }
        var settings = IntrospectionSettings(
            name: name, endpoint: endpoint, clientID: clientID, authentication: authentication, client: client)
        settings.assertionAudience = issuer["issuer"]?.string
        if let lifetime = cursor["cache_lifetime"]?.duration { settings.cacheLifetime = Nanoseconds(lifetime) }
        if let lifetime = cursor["negative_cache_lifetime"]?.duration {
            settings.negativeCacheLifetime = Nanoseconds(lifetime)
        }
        return settings
    }

    private func authentication(_ cursor: Cursor) -> IntrospectionSettings.Authentication? {
        let method = cursor["auth_method"]?.choice(IntrospectionMethod.self)
        let needed = cursor["private_key"] == nil ? "client_secret" : "private_key"
        if let method, let place = cursor["auth_method"], cursor[needed] != nil,
            (method == .privateKey) != (needed == "private_key")
        {
            problems.report(
                "\"\(method.rawValue)\" has no use for \"\(needed)\"", as: .contradiction, at: place)
        }
        if let place = cursor["private_key"] { return privateKey(place, in: cursor) }
        guard let secret = SecretDecoder(files: files).decode(cursor["client_secret"]) else { return nil }
        return method == .post ? .post(secret: secret.bytes) : .basic(secret: secret.bytes)
    }

    private func privateKey(_ place: Cursor, in cursor: Cursor) -> IntrospectionSettings.Authentication? {
        guard let pem = SecretDecoder(files: files).decode(place) else { return nil }
        let algorithm = cursor["algorithm"]?.string.flatMap(SignatureAlgorithm.init(name:))
        do throws(SigningKeyError) {
            let key = try SigningKey(pem: pem.bytes.span, algorithm: algorithm)
            return .privateKey(pem: pem.bytes, algorithm: key.algorithm, keyID: cursor["key_id"]?.string)
        } catch .algorithmDoesNotFit {
            problems.report(
                "\"\(algorithm?.name ?? "")\" does not fit the type of \"private_key\"", as: .contradiction,
                at: cursor["algorithm"] ?? place)
        } catch {
            problems.report(
                "not usable as a private key: \(error.message)", at: place.secretSource, quotesValue: false)
        }
        return nil
    }
}
