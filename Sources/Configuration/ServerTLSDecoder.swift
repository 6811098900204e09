import StrictJSON
import TLS

/// Decodes the TLS of a listener and reads its files.
struct ServerTLSDecoder {
    let files: NamedFiles

    private var problems: ProblemCollector { files.problems }

    /// Decodes the value of `tls`.
    ///
    /// - Parameters:
    ///   - cursor: the value; nil if there is none.
    ///   - offersHTTP2: whether HTTP/2 is spoken on the listener.
    /// - Returns: the settings; nil if there are none.
    func decode(_ cursor: Cursor?, offersHTTP2: Bool) -> ServerTLSSettings? {
        guard let cursor, cursor.node.object != nil else { return nil }
        let certificates = decodeCertificates(cursor["certificates"])
        var settings = ServerTLSSettings(certificates: certificates.map(\.certificate))
        settings.offersHTTP2 = offersHTTP2
        if let version = cursor["minimum_version"]?.choice(TLSVersion.self) { settings.minimumVersion = version }
        if let word = cursor["client_certificate"]?.choice(ServerTLSSettings.ClientCertificate.self) {
            settings.clientCertificate = word
        }
        reportContradictions(cursor, settings.clientCertificate)
        let authorities = files.read(cursor["client_authorities"])
        settings.clientAuthorities = authorities?.content ?? []
        settings.clientRevocations = files.read(cursor["client_revocations"])?.content
        let ticketKeys = (cursor["ticket_keys"]?.elements ?? []).compactMap { place in
            files.read(place).map { (place: place, content: $0.content) }
        }
        settings.ticketKeys = ticketKeys.map(\.content)
        var check = ServerTLSCheck(
            problems: problems, place: cursor, settings: settings, certificates: certificates.map(\.place),
            ticketKeys: ticketKeys.map(\.place))
        if authorities == nil { check.ignoreClients() }
        check.run()
        return settings
    }

    private func decodeCertificates(
        _ list: Cursor?
    ) -> [(place: Cursor, certificate: ServerTLSSettings.Certificate)] {
        let secrets = SecretDecoder(files: files)
        return (list?.elements ?? []).compactMap { element in
            let chain = files.read(element["certificate"])
            let key = secrets.decode(element["key"])
            let staple = files.read(element["ocsp_response"])
            guard let chain, let key else { return nil }
            let certificate = ServerTLSSettings.Certificate(
                chain: chain.content, key: key.bytes, staple: staple?.content)
            return (element, certificate)
        }
    }

    /// Reports what says how certificates of clients are checked where none is asked for, and the other way round.
    private func reportContradictions(_ cursor: Cursor, _ policy: ServerTLSSettings.ClientCertificate) {
        if policy == .none {
            for name in ["client_authorities", "client_revocations"] {
                guard let value = cursor[name] else { continue }
                problems.report(
                    "\"\(name)\" has no effect while no client is asked for a certificate: write "
                        + "\"client_certificate\": \"optional\" or \"required\"", as: .contradiction,
                    at: cursor.nameRange(of: name), pointer: value.pointer)
            }
        } else if let word = cursor["client_certificate"], cursor["client_authorities"] == nil,
            !problems.isMistyped(["client_authorities"], in: cursor)
        {
            problems.report(
                "\"client_authorities\" is missing: it says whose certificates of clients are good", as: .missingKey,
                at: word)
        }
    }
}
