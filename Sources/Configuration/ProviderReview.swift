import IdentityProviders
import Outbound

/// Looks for what works, but is probably not meant, in how identity providers are asked.
struct ProviderReview {
    let problems: ProblemCollector

    func warn(of root: Cursor, _ configuration: GatewayConfiguration) {
        for (member, issuer) in zip(root["issuers"]?.members ?? [], configuration.issuers) {
            switch issuer.keySource {
            case .remote(let settings):
                let url: ServiceURL? =
                    if case .url(let url) = settings.source { url } else { nil }
                warnOfCleartext(member.value, settings.client, url)
                warnOfShortInterval(member.value, settings)
            case .introspection(let settings): warnOfCleartext(member.value, settings.client, settings.endpoint)
            case .file, .pemFile, .secret, .inline, .tokenEndpoint: break
            }
        }
    }

    /// Warns of cleartext; `url` is what is asked, or nil if only the provider says what that will be.
    private func warnOfCleartext(_ issuer: Cursor, _ client: OutboundSettings, _ url: ServiceURL?) {
        guard client.allowsCleartext, let place = issuer["provider"]?["allow_http"],
            url.map({ !$0.isSecure && !$0.isLoopback }) ?? true
        else { return }
        problems.report(
            "whoever is on the way to this provider can make every token good", as: .cleartextProvider, at: place)
    }

    private func warnOfShortInterval(_ issuer: Cursor, _ settings: RemoteKeysSettings) {
        guard settings.refreshInterval < settings.minimumInterval, let place = issuer["keys_refresh_interval"] else {
            return
        }
        problems.report(
            "this is shorter than \"keys_minimum_interval\", before which nothing is fetched again", as: .withoutEffect,
            at: place)
    }
}
