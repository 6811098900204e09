import TLS

extension Shape {
    /// The TLS of a listener.
    static let listenerTLS = Shape.object(
        ObjectShape([
            Key(
                "certificates", .list(certificate), .required,
                "What the gateway shows to clients; the first one also where the name fits none."),
            Key(
                "client_certificate", .word(ServerTLSSettings.ClientCertificate.allCases.map(\.rawValue)),
                default: "none", "Whether clients show a certificate."),
            Key(
                "client_authorities", .string(.file),
                "PEM file of the authorities whose certificates of clients are good."),
            Key(
                "client_revocations", .string(.file),
                "PEM file of the authorities' CRLs: certificates of clients that are good no more."),
            Key(
                "minimum_version", .word(TLSVersion.allCases.map(\.rawValue)), default: "1.2",
                "The oldest version of TLS that is spoken."),
            Key(
                "ticket_keys", .list(.string(.file)),
                "Files of 48 or 80 bytes with the keys of session tickets, for several gateways to share."),
        ]))

    private static let certificate = Shape.object(
        ObjectShape([
            Key("certificate", .string(.file), .required, "PEM file of the certificate and its intermediates."),
            Key("key", .secret, .required, "The private key in PEM."),
            Key("ocsp_response", .string(.file), "DER file of the OCSP response that is stapled (RFC 6066 §8)."),
        ]))

    /// The TLS to an upstream.
    static let upstreamTLS = clientTLS(
        and: [Key("verify", .boolean, default: "true", "Whether the servers must prove who they are.")])

    /// The TLS to an identity provider, which always proves who it is.
    static let providerTLS = clientTLS(and: [])

    private static func clientTLS(and others: [Key]) -> Shape {
        let keys = [
            Key(
                "authorities", .string(.file),
                "PEM file of the authorities whose certificates are good; by default those of the system."),
            Key("certificate", .string(.file), "PEM file of the certificate that the gateway shows."),
            Key("key", .secret, "The private key of the certificate in PEM."),
            Key(
                "server_name", .string(.hostName),
                "The name that the server is asked for and that its certificate must have."),
        ]
        return .object(
            ObjectShape(keys + others, inseparable: ["certificate", "key"], meansSomethingEmpty: true))
    }
}
