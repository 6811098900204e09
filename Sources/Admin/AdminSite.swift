import Bytes
import HTTP
import Transport

/// How requests must name the admin listener, so that no web page can speak to it through a browser on this machine.
///
/// A page whose own name was made to resolve to 127.0.0.1 (DNS rebinding) sends that name as `Host`. A page of another
/// origin can send a form, but its browser says so in `Origin` and `Sec-Fetch-Site`, and a form has no JSON type.
struct AdminSite {
    /// The port that is listened on; nil on a Unix-domain socket, which browsers cannot reach.
    let port: UInt16?

    init(_ address: SocketAddress) {
        if case .unix = address.form { port = nil } else { port = address.port }
    }

    /// A parser that leaves no port away from `Host`, so that a wrong one shows.
    static func makeParser() -> RequestParser { RequestParser(limits: MessageLimits(), defaultPort: 0) }

    /// Whether a request's host is this machine, and its port, if it names one, the listener's.
    func isNamed(by host: borrowing HostName) -> Bool {
        guard let port else { return host.isEmpty || host.authority.span.equals("localhost") }
        guard host.port == nil || host.port == port else { return false }
        let name = host.name
        if let v4 = IPAddress.ipv4(name) { return v4 >> 24 == 127 }
        return name.equals("localhost") || name.equals("[::1]")
    }

    /// Whether a request that changes something comes from no web page, or from one of this listener's own.
    func isOrigin(of request: borrowing Request) -> Bool {
        switch request.fields.count(of: .origin) {
        case 0: break
        case 1:
            guard let origin = request.fields.value(of: .origin), origin.equals(ownOrigin(request.host).span) else {
                return false
            }
        default: return false
        }
        for index in 0..<request.fields.count
        where request.fields.name(at: index).equalsIgnoringCase("sec-fetch-site") {
            let site = request.fields.value(at: index)
            guard site.equals("same-origin") || site.equals("none") else { return false }
        }
        return true
    }

    /// The origin of pages of this listener under the name that a request uses (RFC 6454 §6.1).
    private func ownOrigin(_ host: borrowing HostName) -> [UInt8] {
        var origin: [UInt8] = []
        origin.append("http://")
        origin.append(host.name)
        if let port, port != 80 {
            origin.append(":")
            origin.append(decimal: Int(port))
        }
        return origin
    }
}
