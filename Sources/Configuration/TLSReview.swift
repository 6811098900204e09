import HTTP
import Outbound
import TLS

/// Looks for what works, but is probably not meant, in the TLS of a file without errors.
struct TLSReview {
    let problems: ProblemCollector
    /// Seconds since 1970.
    let now: Int

    /// How long before its end a certificate is warned about, in seconds: time enough for whoever renews it by hand.
    private static let notice: Int64 = 14 * 86400

    func warn(of root: Cursor, _ configuration: GatewayConfiguration) {
        for (cursor, listener) in zip(root["listeners"]?.elements ?? [], configuration.listeners) {
            warnOfScheme(cursor, listener)
            let places = cursor["tls"]?["certificates"]?.elements ?? []
            for (place, certificate) in zip(places, listener.tls?.certificates ?? []) {
                warnOfDates(place["certificate"], certificate.chain, refusing: "clients")
            }
        }
        for (issuer, configuration) in zip(root["issuers"]?.members ?? [], configuration.issuers) {
            guard let certificate = configuration.keySource.provider?.tls.certificate else { continue }
            warnOfDates(
                issuer.value["provider"]?["tls"]?["certificate"], certificate.chain, refusing: "the provider's servers")
        }
        for (cursor, upstream) in zip(root.upstreams, configuration.upstreams) {
            warnOfUnverified(cursor, upstream)
            if let certificate = upstream.tls?.certificate {
                warnOfDates(cursor["tls"]?["certificate"], certificate.chain, refusing: "the servers")
            }
        }
    }

    private func warnOfScheme(_ cursor: Cursor, _ listener: ListenerConfiguration) {
        guard listener.tls != nil, listener.scheme == .http, let written = cursor["external_url"] else { return }
        problems.report(
            "clients must use https here, since the listener speaks TLS: services make links from this URL",
            as: .schemeMismatch, at: written)
    }

    private func warnOfUnverified(_ cursor: Cursor, _ upstream: UpstreamConfiguration) {
        guard upstream.tls?.verifies == false, let place = cursor["tls"]?["verify"] else { return }
        problems.report(
            "whoever can answer in the place of this upstream reads its requests, tokens included, and writes its responses",
            as: .unverifiedUpstream, at: place)
    }

    /// Warns of a certificate that is not good now or soon; `others` are those who then refuse it.
    private func warnOfDates(_ place: Cursor?, _ chain: [UInt8], refusing others: String) {
        guard let place, let summary = try? CertificateSummary(chain: chain) else { return }
        let now = Int64(now)
        let words =
            if now >= summary.notAfter {
                "the certificate has expired, on \(Self.date(summary.notAfter)): \(others) refuse it"
            } else if now < summary.notBefore {
                "the certificate is not valid before \(Self.date(summary.notBefore)): until then \(others) refuse it"
            } else if summary.notAfter - now <= Self.notice {
                "the certificate expires on \(Self.date(summary.notAfter)); \(others) refuse it from then on"
            } else {
                ""
            }
        guard !words.isEmpty else { return }
        problems.report(words, as: .certificateDates, at: place, quotesValue: false)
    }

    /// A time in seconds since 1970, in words.
    private static func date(_ seconds: Int64) -> String {
        var text: [UInt8] = []
        HTTPDate.append(seconds: Int(seconds), to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
