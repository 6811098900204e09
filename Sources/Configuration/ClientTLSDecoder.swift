import TLS

/// Decodes the TLS to an upstream and reads its files.
struct ClientTLSDecoder {
    let files: NamedFiles

    /// Decodes the value of `tls` of an upstream whose server has an `https` URL.
    ///
    /// - Parameters:
    ///   - cursor: the value; nil if it is not written.
    ///   - host: the host of the server, which is the name that it must prove unless another is written.
    ///   - applicationProtocol: the version of HTTP that is spoken.
    /// - Returns: the settings, also where nothing is written.
    func decode(_ cursor: Cursor?, host: String, applicationProtocol: ApplicationProtocol) -> ClientTLSSettings {
        let written = cursor?["server_name"]?.string.flatMap { try? AddressText.parseHost($0) }
        var settings = ClientTLSSettings(serverName: written ?? host)
        settings.applicationProtocol = applicationProtocol
        guard let cursor else { return settings }
        settings.verifies = cursor["verify"]?.boolean ?? true
        settings.authorities = files.read(cursor["authorities"])?.content
        if !settings.verifies, let value = cursor["authorities"] {
            files.problems.report(
                "\"authorities\" has no effect where \"verify\" is false", as: .contradiction,
                at: cursor.nameRange(of: "authorities"), pointer: value.pointer)
        }
        let chain = files.read(cursor["certificate"])
        let key = SecretDecoder(files: files).decode(cursor["key"])
        if let chain, let key {
            settings.certificate = ClientTLSSettings.Certificate(chain: chain.content, key: key.bytes)
        }
        var check = ClientTLSCheck(problems: files.problems, place: cursor, settings: settings)
        check.run()
        return settings
    }
}
