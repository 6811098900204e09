internal import Outbound
internal import StrictJSON

/// Where an issuer's metadata says that its keys are (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
struct ProviderMetadata {
    /// How large a document may be, in bytes.
    static let maximumSize = 64 << 10

    /// Why a document is of no use.
    enum Fault: Error, Equatable {
        /// It is no metadata at all; in words.
        case absent(String)
        /// It is, and contradicts what it must say.
        case contradicts(String)
    }

    let keysURL: ServiceURL

    /// - Parameters:
    ///   - content: the document.
    ///   - settings: whose it must be, and what URLs are permitted.
    /// - Throws: `Fault`; what the document says is not in it.
    init(_ content: [UInt8], _ settings: RemoteKeysSettings) throws(Fault) {
        guard
            let root = try? JSONReader.read(content.span, limits: JSONLimits(depth: 16, size: Self.maximumSize)),
            root.object != nil, let issuer = root["issuer"]?.string
        else { throw .absent("not JSON with an issuer") }
        // Whoever may write any document of a host must not speak for another issuer there (§4.3, RFC 8414 §3.3).
        guard issuer.isExactly(settings.issuer) else { throw .contradicts("its issuer is another") }
        guard let text = root["jwks_uri"]?.string else { throw .contradicts("jwks_uri is missing") }
        do throws(ServiceURLError) {
            keysURL = try ServiceURL(text)
        } catch {
            throw .contradicts("jwks_uri: \(error.message)")
        }
        guard settings.permits(keysURL) else { throw .contradicts("jwks_uri is http") }
    }

    /// Where the documents are looked for, in this order.
    static func urls(of issuer: ServiceURL) throws(ServiceURLError) -> [ServiceURL] {
        let path = issuer.target.hasSuffix("/") ? String(issuer.target.dropLast()) : issuer.target
        return [
            try issuer.at(path: "\(path)/.well-known/openid-configuration"),
            try issuer.at(path: "/.well-known/oauth-authorization-server\(path)"),
        ]
    }
}

extension RemoteKeysSettings {
    /// Whether keys may come from there: in cleartext from this machine only, and only for an issuer that is on it, too.
    func permits(_ url: ServiceURL) -> Bool {
        if url.isSecure || client.allowsCleartext { return true }
        guard url.isLoopback, let issuer = try? ServiceURL(issuer) else { return false }
        return issuer.isLoopback
    }
}
