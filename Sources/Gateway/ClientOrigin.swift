import Bytes
import HTTP

/// Where the requests of a connection come from, as far as the connection itself tells.
struct ClientOrigin {
    /// The address without its port; empty for a Unix-domain socket.
    let host: [UInt8]
    /// The address, unless it is a Unix-domain socket's.
    var address: IPAddress? { IPAddress(host.span) }
    /// Whether this is a trusted proxy, whose forwarding fields are believed.
    let isTrusted: Bool
    /// The address as the access log shows it; empty where it does not.
    let logged: [UInt8]

    /// - Parameters:
    ///   - host: the address without its port; empty for a Unix-domain socket.
    ///   - mayBeTrusted: false for a client that is known to be no proxy, whatever its address.
    ///   - listener: whom it trusts.
    ///   - disclosure: how the address is shown.
    init(host: [UInt8], mayBeTrusted: Bool = true, listener: ListenerSettings, disclosure: AddressDisclosure) {
        self.host = host
        isTrusted = mayBeTrusted && listener.trusts(host: host)
        logged = disclosure.shown(host)
    }

    /// Appends the fields that tell the upstream of a client that is no trusted proxy. They are not kept: connections idle
    /// for most of the time.
    func appendForwardingFields(scheme: ForwardedScheme, to output: inout OutputSpan<UInt8>) {
        if !host.isEmpty {
            output.append("X-Forwarded-For: ")
            output.append(host)
            output.append("\r\n")
        }
        output.append("X-Forwarded-Proto: ")
        output.append(scheme.name)
        output.append("\r\n")
    }
}

/// Where a request comes from, as a trusted proxy says.
struct BelievedOrigin {
    /// The client's address; nil if the proxy does not say it.
    let address: IPAddress?
    /// The fields that tell the upstream of the client.
    let forwardingFields: [UInt8]
    /// The client's address as the access log shows it; empty where it does not.
    let logged: [UInt8]
}
