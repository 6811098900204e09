import TLS

/// Finds everything in the TLS of a listener that cannot be served.
struct ServerTLSCheck: TLSCheck {
    let problems: ProblemCollector
    let place: Cursor
    var settings: ServerTLSSettings
    /// Where the certificates of the settings stand.
    var certificates: [Cursor]
    /// Where the ticket keys of the settings stand.
    var ticketKeys: [Cursor]

    func attempt() throws(TLSError) {
        if settings.certificates.isEmpty { return try ServerTLSContext.checkAllButCertificates(settings) }
        _ = try ServerTLSContext(settings, tickets: TicketKeys())
    }

    mutating func takeOut(_ part: SettingsPart) -> Cursor? {
        switch part {
        case .certificate(let index): return takeOutCertificate(index)?["certificate"]
        case .key(let index): return takeOutCertificate(index)?["key"]?.secretSource
        case .staple(let index):
            guard settings.certificates.indices.contains(index), settings.certificates[index].staple != nil else {
                return nil
            }
            settings.certificates[index].staple = nil
            return certificates[index]["ocsp_response"]
        case .authorities:
            guard settings.clientCertificate != .none else { return nil }
            ignoreClients()
            return place["client_authorities"]
        case .revocations:
            guard settings.clientRevocations != nil else { return nil }
            settings.clientRevocations = nil
            return place["client_revocations"]
        case .ticketKey(let index):
            guard settings.ticketKeys.indices.contains(index) else { return nil }
            settings.ticketKeys.remove(at: index)
            return ticketKeys.remove(at: index)
        case .serverName: return nil
        }
    }

    /// Leaves out how certificates of clients are checked.
    mutating func ignoreClients() {
        settings.clientCertificate = .none
        settings.clientAuthorities = []
        settings.clientRevocations = nil
    }

    private mutating func takeOutCertificate(_ index: Int) -> Cursor? {
        guard settings.certificates.indices.contains(index) else { return nil }
        settings.certificates.remove(at: index)
        return certificates.remove(at: index)
    }
}
