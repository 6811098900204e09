internal import Outbound
internal import StrictJSON

/// What a provider says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2), as far as keys are concerned.
struct ProviderMetadata {
    /// How large a document may be, in bytes.
    static let maximumSize = 64 << 10

    /// Where the provider's keys are.
    let keys: ServiceURL

    /// Where an issuer's documents may be, the likelier place first.
    ///
    /// OpenID Connect Discovery 1.0 §4 puts the well-known name behind the issuer's path, RFC 8414 §3.1 before it.
    ///
    /// - Parameter issuer: what `iss` is.
    /// - Returns: two URLs.
    /// - Throws: `ServiceURLError` if that is no URL, or has a query.
    static func places(of issuer: String) throws(ServiceURLError) -> [ServiceURL] {
        let url = try ServiceURL(issuer)
        guard !url.target.contains("?") else { throw ServiceURLError(message: "an issuer's URL has no query") }
        let path = url.target.hasSuffix("/") ? String(url.target.dropLast()) : url.target
        return [
            try url.at(path: path + "/.well-known/openid-configuration"),
            try url.at(path: "/.well-known/oauth-authorization-server" + path),
        ]
    }

    /// Reads an answer.
    ///
    /// - Parameters:
    ///   - response: what the provider answered.
    ///   - settings: whose document it must be, and what URLs it may name.
    /// - Throws: `MetadataFault`.
    init(_ response: OutboundResponse, for settings: RemoteKeysSettings) throws(MetadataFault) {
        let document: JSONNode
        do throws(AnswerFault) {
            document = try response.object(depth: 16, maximumSize: Self.maximumSize)
        } catch {
            throw .absent(error)
        }
        guard let issuer = document["issuer"]?.string else {
            throw .absent(AnswerFault(.parse, "no metadata: \"issuer\" is missing"))
        }
        // OpenID Connect Discovery 1.0 §4.3 and RFC 8414 §3.3 want them identical, so canonical equivalence will not do.
        guard issuer.utf8.elementsEqual(settings.issuer.utf8) else {
            let shown = String(decoding: JSONValue.string(String(issuer.prefix(256))).line, as: UTF8.self)
            throw .wrong("the metadata is that of the issuer \(shown)")
        }
        guard let text = document["jwks_uri"]?.string else { throw .wrong("the metadata has no \"jwks_uri\"") }
        do throws(ServiceURLError) {
            keys = try ServiceURL(text)
        } catch {
            throw .wrong("\"jwks_uri\": \(error.message)")
        }
        guard keys.isSecure || Self.permitsCleartext(to: keys, settings) else {
            throw .wrong("\"jwks_uri\" is an http URL, which is not allowed")
        }
    }

    /// A provider elsewhere must not have the gateway ask what listens on this machine only.
    private static func permitsCleartext(to url: ServiceURL, _ settings: RemoteKeysSettings) -> Bool {
        if settings.client.allowsCleartext { return true }
        guard url.isLoopback, let issuer = try? ServiceURL(settings.issuer) else { return false }
        return issuer.isLoopback && !issuer.isSecure
    }
}

/// Why an answer is no metadata of an issuer.
enum MetadataFault: Error {
    /// There is no document: it may be elsewhere.
    case absent(AnswerFault)
    /// There is one, and it is not good.
    case wrong(String)
}
