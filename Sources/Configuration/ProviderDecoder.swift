import Outbound
import StrictJSON
import TLS
import Transport

/// Decodes how an identity provider is reached.
struct ProviderDecoder {
    let files: NamedFiles

    private var problems: ProblemCollector { files.problems }

    /// Decodes the value of `provider`.
    ///
    /// - Parameters:
    ///   - issuer: the issuer that it stands in, or could.
    ///   - source: the name of the key in `keys` that says what the provider is asked.
    /// - Returns: the settings, also where nothing is written.
    func decode(in issuer: Cursor, for source: String) -> OutboundSettings {
        let cursor = issuer["provider"]
        var settings = OutboundSettings()
        settings.tls = trust(cursor?["tls"])
        settings.allowsCleartext = cursor?["allow_http"]?.boolean ?? false
        if let timeout = cursor?["timeout"]?.duration { settings.timeout = Nanoseconds(timeout) }
        if let connections = cursor?["connections"]?.integer { settings.connectionLimit = connections }
        guard let choice = try? ProxyChoice(checking: cursor?["proxy"]?.string ?? "environment") else {
            return settings
        }
        do throws(ValueProblem) {
            settings.proxies = try choice.settings(environment: files.surroundings.environment)
        } catch {
            // The message names the variable; what it holds may be a password.
            let keys = issuer["keys"] ?? issuer
            let place = cursor?["proxy"]
            problems.report(
                error.message, as: .environment, at: place?.node.range ?? keys.nameRange(of: source),
                pointer: place?.pointer ?? .key(keys.pointer, source), quotesValue: false)
        }
        return settings
    }

    /// The URL of the provider, which must not be asked in the clear.
    ///
    /// - Parameters:
    ///   - cursor: the URL.
    ///   - settings: how the provider is reached.
    ///   - issuer: the issuer that it stands in.
    /// - Returns: nil for what is no URL, which its shape reports.
    func url(_ cursor: Cursor?, _ settings: OutboundSettings, in issuer: Cursor) -> ServiceURL? {
        guard let cursor, let url = cursor.string.flatMap({ try? ServiceURL($0) }) else { return nil }
        requireSecrecy(of: url, settings, at: cursor)
        if !url.isSecure, let provider = issuer["provider"], let tls = provider["tls"] {
            problems.report(
                "\"tls\" has no effect on an \"http\" URL", as: .contradiction, at: provider.nameRange(of: "tls"),
                pointer: tls.pointer)
        }
        return url
    }

    /// Reports a URL over which somebody on the way could put in keys and answers of his own.
    func requireSecrecy(of url: ServiceURL, _ settings: OutboundSettings, at cursor: Cursor) {
        guard !url.isSecure, !url.isLoopback, !settings.allowsCleartext else { return }
        problems.report(
            "whoever is on the way could answer in the place of this provider: write \"https\", or \"allow_http\": true in "
                + "\"provider\"", at: cursor)
    }

    private func trust(_ cursor: Cursor?) -> TrustSettings {
        var trust = TrustSettings()
        guard cursor != nil else { return trust }
        // A name to check the settings with; each URL has its own.
        let settings = ClientTLSDecoder(files: files)
            .decode(cursor, host: "localhost", applicationProtocol: .http11)
        trust.authorities = settings.authorities
        trust.certificate = settings.certificate
        trust.serverName = cursor?["server_name"] == nil ? nil : settings.serverName
        return trust
    }
}
