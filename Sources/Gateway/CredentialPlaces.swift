import Authentication
import Bytes
import Configuration
import HTTP
import JOSE

/// Where credentials may stand besides `Authorization`: in the field for API keys, and where `token_locations` says.
struct CredentialPlaces {
    /// A credential, and where it stands.
    enum Credential {
        /// The value of a line can be nothing but an API key.
        case apiKey(line: Int)
        /// A part of the value of a line, as it was sent.
        case token(line: Int, Range<Int>)
        /// An entry among the protocols of a WebSocket.
        case offered([UInt8])
    }

    /// The field for API keys, in lower case; nil for none.
    private let apiKeyField: [UInt8]?
    /// The field whose value is a token, in lower case; nil for none.
    private let tokenField: [UInt8]?
    /// The cookie whose value is a token; nil for none.
    let cookie: [UInt8]?
    /// The subprotocol behind which WebSockets may offer their token; nil for none.
    let marker: [UInt8]?

    /// Finds out where; nil if credentials may stand in `Authorization` only.
    init?(_ configuration: GatewayConfiguration) {
        let locations = configuration.tokenLocations
        apiKeyField = configuration.apiKeys?.header.map { Array($0.lowercased().utf8) }
        tokenField = locations.header.map { Array($0.lowercased().utf8) }
        cookie = locations.cookie.map { Array($0.utf8) }
        marker = locations.webSocketProtocol.map { Array($0.utf8) }
        if apiKeyField == nil, tokenField == nil, cookie == nil, marker == nil { return nil }
    }

    /// The credential of a request that does not stand in `Authorization`.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - route: which says what pages of other origins may use it with cookies.
    ///   - listener: where the request came.
    /// - Returns: nil if there is none.
    /// - Throws: `.ambiguousCredentials` if there are several, `Authorization` included, whatever they are worth;
    ///   `.unusableToken` if a WebSocket's protocols announce a token and hold none.
    func credential(
        in request: borrowing Request, on route: GatewayRoute, at listener: ListenerSettings
    ) throws(Refusal) -> Credential? {
        var found = try offeredToken(of: request)
        try Self.add(apiKey(in: request.fields), to: &found)
        try Self.add(token(in: request.fields), to: &found)
        try Self.add(try cookieToken(of: request, on: route, at: listener), to: &found)
        if found != nil, request.fields.contains(.authorization) { throw .ambiguousCredentials }
        return found
    }

    /// Whether something stands in one of the places, good or not.
    func mayHoldCredential(_ request: borrowing Request) -> Bool {
        if marker != nil, request.opensWebSocket { return true }
        if cookie != nil, request.fields.contains(.cookie) { return true }
        return apiKey(in: request.fields) != nil || token(in: request.fields) != nil
    }

    private static func add(_ other: Credential?, to found: inout Credential?) throws(Refusal) {
        guard let other else { return }
        guard found == nil else { throw .ambiguousCredentials }
        found = other
    }

    private func apiKey(in fields: borrowing Fields) -> Credential? {
        guard let apiKeyField, let line = fields.firstIndex(named: apiKeyField.span) else { return nil }
        return .apiKey(line: line)
    }

    private func token(in fields: borrowing Fields) -> Credential? {
        guard let tokenField, let line = fields.firstIndex(named: tokenField.span) else { return nil }
        return .token(line: line, 0..<fields.value(at: line).count)
    }

    /// The token that the handshake of a WebSocket offers among its protocols; nil if there is none.
    private func offeredToken(of request: borrowing Request) throws(Refusal) -> Credential? {
        guard let marker, request.opensWebSocket else { return nil }
        switch OfferedProtocols(request.fields, marker: marker).token {
        case .none: return nil
        case .missing: throw .unusableToken(.malformed(.parts))
        case .repeated: throw .ambiguousCredentials
        case .found(let token): return .offered(token)
        }
    }

    /// The token in a cookie that the client itself sent; nil if there is none, or if its value is empty, as it is after a logout.
    private func cookieToken(
        of request: borrowing Request, on route: GatewayRoute, at listener: ListenerSettings
    ) throws(Refusal) -> Credential? {
        guard let cookie, request.fields.contains(.cookie),
            SameSiteCheck(listener: listener, crossOrigin: route.crossOrigin).passes(request)
        else { return nil }
        switch request.fields.cookie(named: cookie.span) {
        case .none: return nil
        case .repeated: throw .ambiguousCredentials
        case .found(let line, let value): return value.isEmpty ? nil : .token(line: line, value)
        }
    }
}
