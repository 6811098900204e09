internal import Bytes

/// The field names that the gateway gives a meaning to.
package enum FieldName: UInt8, CaseIterable, Sendable {
    // Framing and the connection (RFC 9110 section 7.6.1, RFC 9112).
    case host, contentLength, transferEncoding, connection, keepAlive, proxyConnection, te, trailer, upgrade, expect
    case http2Settings
    // Credentials.
    case authorization, proxyAuthorization, proxyAuthenticate, proxyAuthenticationInfo, wwwAuthenticate, dpop
    // Who forwarded the request, and for whom.
    case forwarded, xForwardedFor, xForwardedProto, xForwardedHost, xForwardedPort, xForwardedPrefix, xForwardedServer
    /// Any other name that begins with `X-Forwarded-`.
    case xForwardedOther
    case xRealIP, xRequestID, via, maxForwards
    /// `X-HTTP-Method-Override`, `X-HTTP-Method` or `X-Method-Override`.
    case methodOverride
    /// `X-Original-URL` or `X-Rewrite-URL`.
    case urlOverride
    // What the gateway reads or writes besides.
    case date, server, userAgent, accept, contentType, contentEncoding, cacheControl, location, retryAfter
    // The handshake of WebSockets (RFC 6455 section 11.3), as far as the gateway takes part in it.
    case secWebSocketKey, secWebSocketAccept, secWebSocketProtocol
    case cookie, setCookie, origin, referer, accessControlRequestMethod, traceparent, tracestate
    /// Any other name that begins with `Access-Control-`.
    case accessControlOther

    /// Recognises a name, whatever its case; nil for a name that has no meaning here.
    ///
    /// - Parameter name: the bytes of the field name.
    package init?(_ name: Span<UInt8>) {
        guard name.count >= 2, let known = Self.candidate(name) else { return nil }
        self = known
    }

    private static func candidate(_ name: Span<UInt8>) -> Self? {
        switch name.count {
        case 2: name.equalsIgnoringCase("te") ? .te : nil
        case 3: name.equalsIgnoringCase("via") ? .via : nil
        case 4...6: ofUpTo6(name)
        case 7...10: ofUpTo10(name)
        case 11...13: ofUpTo13(name)
        case 14...16: ofUpTo16(name)
        default: ofMore(name)
        }
    }

    private static func ofUpTo6(_ name: Span<UInt8>) -> Self? {
        switch name[0] | 0x20 {
        case UInt8(ascii: "h"): name.equalsIgnoringCase("host") ? .host : nil
        case UInt8(ascii: "d"):
            name.equalsIgnoringCase("date") ? .date : name.equalsIgnoringCase("dpop") ? .dpop : nil
        case UInt8(ascii: "a"): name.equalsIgnoringCase("accept") ? .accept : nil
        case UInt8(ascii: "c"): name.equalsIgnoringCase("cookie") ? .cookie : nil
        case UInt8(ascii: "e"): name.equalsIgnoringCase("expect") ? .expect : nil
        case UInt8(ascii: "o"): name.equalsIgnoringCase("origin") ? .origin : nil
        case UInt8(ascii: "s"): name.equalsIgnoringCase("server") ? .server : nil
        default: nil
        }
    }

    private static func ofUpTo10(_ name: Span<UInt8>) -> Self? {
        switch name[0] | 0x20 {
        case UInt8(ascii: "c"): name.equalsIgnoringCase("connection") ? .connection : nil
        case UInt8(ascii: "f"): name.equalsIgnoringCase("forwarded") ? .forwarded : nil
        case UInt8(ascii: "k"): name.equalsIgnoringCase("keep-alive") ? .keepAlive : nil
        case UInt8(ascii: "l"): name.equalsIgnoringCase("location") ? .location : nil
        case UInt8(ascii: "r"): name.equalsIgnoringCase("referer") ? .referer : nil
        case UInt8(ascii: "s"): name.equalsIgnoringCase("set-cookie") ? .setCookie : nil
        case UInt8(ascii: "t"):
            name.equalsIgnoringCase("trailer")
                ? .trailer : name.equalsIgnoringCase("tracestate") ? .tracestate : nil
        case UInt8(ascii: "u"):
            name.equalsIgnoringCase("upgrade") ? .upgrade : name.equalsIgnoringCase("user-agent") ? .userAgent : nil
        case UInt8(ascii: "x"): name.equalsIgnoringCase("x-real-ip") ? .xRealIP : nil
        default: nil
        }
    }

    private static func ofUpTo13(_ name: Span<UInt8>) -> Self? {
        switch name[0] | 0x20 {
        case UInt8(ascii: "a"): name.equalsIgnoringCase("authorization") ? .authorization : nil
        case UInt8(ascii: "c"):
            name.equalsIgnoringCase("content-type")
                ? .contentType : name.equalsIgnoringCase("cache-control") ? .cacheControl : nil
        case UInt8(ascii: "m"): name.equalsIgnoringCase("max-forwards") ? .maxForwards : nil
        case UInt8(ascii: "r"): name.equalsIgnoringCase("retry-after") ? .retryAfter : nil
        case UInt8(ascii: "t"): name.equalsIgnoringCase("traceparent") ? .traceparent : nil
        case UInt8(ascii: "x"):
            if name.equalsIgnoringCase("x-request-id") {
                .xRequestID
            } else if name.equalsIgnoringCase("x-http-method") {
                .methodOverride
            } else {
                name.equalsIgnoringCase("x-rewrite-url") ? .urlOverride : forwardingFamily(name)
            }
        default: nil
        }
    }

    private static func ofUpTo16(_ name: Span<UInt8>) -> Self? {
        switch name[0] | 0x20 {
        case UInt8(ascii: "c"):
            name.equalsIgnoringCase("content-length")
                ? .contentLength : name.equalsIgnoringCase("content-encoding") ? .contentEncoding : nil
        case UInt8(ascii: "h"): name.equalsIgnoringCase("http2-settings") ? .http2Settings : nil
        case UInt8(ascii: "p"): name.equalsIgnoringCase("proxy-connection") ? .proxyConnection : nil
        case UInt8(ascii: "w"): name.equalsIgnoringCase("www-authenticate") ? .wwwAuthenticate : nil
        case UInt8(ascii: "x"):
            name.equalsIgnoringCase("x-original-url") ? .urlOverride : forwardingFamily(name)
        default: nil
        }
    }

    private static func ofMore(_ name: Span<UInt8>) -> Self? {
        switch name[0] | 0x20 {
        case UInt8(ascii: "a"):
            if name.equalsIgnoringCase("access-control-request-method") {
                .accessControlRequestMethod
            } else {
                name.extracting(..<15).equalsIgnoringCase("access-control-") ? .accessControlOther : nil
            }
        case UInt8(ascii: "p"):
            if name.equalsIgnoringCase("proxy-authorization") {
                .proxyAuthorization
            } else if name.equalsIgnoringCase("proxy-authenticate") {
                .proxyAuthenticate
            } else {
                name.equalsIgnoringCase("proxy-authentication-info") ? .proxyAuthenticationInfo : nil
            }
        case UInt8(ascii: "s"): ofWebSockets(name)
        case UInt8(ascii: "t"): name.equalsIgnoringCase("transfer-encoding") ? .transferEncoding : nil
        case UInt8(ascii: "x"):
            if name.equalsIgnoringCase("x-http-method-override") || name.equalsIgnoringCase("x-method-override") {
                .methodOverride
            } else {
                forwardingFamily(name)
            }
        default: nil
        }
    }

    private static func ofWebSockets(_ name: Span<UInt8>) -> Self? {
        if name.equalsIgnoringCase("sec-websocket-key") { return .secWebSocketKey }
        if name.equalsIgnoringCase("sec-websocket-accept") { return .secWebSocketAccept }
        return name.equalsIgnoringCase("sec-websocket-protocol") ? .secWebSocketProtocol : nil
    }

    private static func forwardingFamily(_ name: Span<UInt8>) -> Self? {
        let prefix = 12
        guard name.count > prefix, name.extracting(..<prefix).equalsIgnoringCase("x-forwarded-") else {
            return name.equalsIgnoringCase("x-forwarded") ? .xForwardedOther : nil
        }
        let rest = name.extracting(prefix...)
        if rest.equalsIgnoringCase("for") { return .xForwardedFor }
        if rest.equalsIgnoringCase("proto") { return .xForwardedProto }
        if rest.equalsIgnoringCase("host") { return .xForwardedHost }
        if rest.equalsIgnoringCase("port") { return .xForwardedPort }
        if rest.equalsIgnoringCase("prefix") { return .xForwardedPrefix }
        if rest.equalsIgnoringCase("server") { return .xForwardedServer }
        return .xForwardedOther
    }
}
