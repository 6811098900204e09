internal import Bytes
internal import HTTP

/// Through which proxies the gateway's own client goes.
package struct ProxySettings: Sendable, Hashable {
    /// The proxy for `https` URLs, which are tunnelled through it (RFC 9110 §9.3.6); an `http` URL, or nil for none.
    package var secure: ServiceURL?
    /// The proxy for `http` URLs; an `http` URL, or nil for none.
    package var cleartext: ServiceURL?
    /// What no proxy is asked for, as `NO_PROXY` lists it: `*`; a domain with all names below it, with or without a dot or
    /// `*.` in front; an address or a range in CIDR notation; each but `*` and ranges also with a port behind a colon.
    package var exceptions: [String] = []

    package init() {}

    /// The proxy that leads to `url`; nil if the connection is direct, as it is always to this machine.
    package func proxy(for url: ServiceURL) -> ServiceURL? {
        guard let proxy = url.isSecure ? secure : cleartext, !url.isLoopback,
            !exceptions.contains(where: { Self.covers($0, url) })
        else { return nil }
        return proxy
    }

    private static func covers(_ exception: String, _ url: ServiceURL) -> Bool {
        if exception == "*" { return true }
        if let range = AddressRange(Array(exception.utf8).span) {
            return url.address.map { range.contains($0) } ?? false
        }
        // Anything else has the form of a URL's authority, once what may stand in front is gone.
        let text = exception.hasPrefix("*.") ? exception.dropFirst(2) : exception.drop { $0 == "." }
        guard !text.contains(where: { "/?".contains($0) }), let named = try? ServiceURL("http://" + text) else {
            return false
        }
        // A port that is not written is any; that of the scheme can be written, too.
        if named.port != 80 || text.hasSuffix(":80"), named.port != url.port { return false }
        if let address = named.address { return address == url.address }
        return url.host == named.host || url.host.hasSuffix("." + named.host)
    }
}
