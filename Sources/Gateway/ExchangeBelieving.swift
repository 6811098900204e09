import Bytes
import HTTP

extension Exchange {
    /// Takes over what a trusted proxy says of the client (security.md, rule 6).
    func believe(_ proxy: Client) {
        let forwarded = ForwardedRequest(request.fields, isTrusted: { proxy.listener.trusts($0) })
        if !forwarded.requestID.isEmpty { requestID = forwarded.requestID }
        var fields: [UInt8] = []
        let (peer, host) = (proxy.origin.host, request.host.authority)
        forwarded.appendFields(peer: peer.span, ownScheme: proxy.listener.scheme, ownHost: host.span, to: &fields)
        let logged =
            forwarded.clientAddress.map { generation.settings.addressDisclosure.shown($0.text) } ?? proxy.origin.logged
        believed = BelievedOrigin(address: forwarded.clientAddress, forwardingFields: fields, logged: logged)
    }
}
