import Bytes
import HTTP

/// Whether no page of another site can have made a browser send a request, so that a cookie in it is a credential.
///
/// Browsers add cookies to whatever a page sends, whoever wrote the page: forms and scripts of other sites (CSRF), and
/// WebSockets that they open. They say which page it was in `Sec-Fetch-Site` and `Origin` (Fetch metadata section 2, RFC 6454
/// section 7), which no script can set. Who is no browser has no cookies but its own, and need not say anything.
///
/// What is safe (RFC 9110 section 9.2.1) changes nothing, and a page of another site cannot read the response. A WebSocket can be
/// read and written by whoever opened it, although its handshake is a GET.
struct SameSiteCheck {
    let listener: ListenerSettings
    /// Which other pages may use the route; nil for none.
    let crossOrigin: CrossOriginRules?

    private static let site = Array("sec-fetch-site".utf8)

    func passes(_ request: borrowing Request) -> Bool {
        if request.method.isSafe && !request.opensWebSocket { return true }
        let site = request.fields.firstIndex(named: Self.site.span)
        if let site {
            let value = request.fields.value(at: site)
            if value.equals("same-origin") || value.equals("none") { return true }
        }
        guard request.fields.contains(.origin) else { return site == nil }
        guard request.fields.count(of: .origin) == 1, let origin = request.fields.value(of: .origin) else {
            return false
        }
        return listener.isOwn(origin, host: request.host) || crossOrigin?.allowsCookies(from: origin) ?? false
    }
}
