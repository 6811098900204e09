import TLS

/// Looks for what works, but is probably not meant, in the TLS of a file without errors.
struct TLSReview {
    let problems: ProblemCollector
    /// Seconds since 1970.
    let now: Int

    func warn(of root: Cursor, _ configuration: GatewayConfiguration) {
        for (cursor, listener) in zip(root["listeners"]?.elements ?? [], configuration.listeners) {
            warnOfScheme(cursor, listener)
        }
        for (cursor, upstream) in zip(root.upstreams, configuration.upstreams) {
            warnOfUnverified(cursor, upstream)
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
}
