internal import HTTP
internal import JOSE
internal import Outbound

/// What an introspection endpoint is asked (RFC 7662 §2.1).
struct IntrospectionEndpoint {
    private let url: ServiceURL
    private let authentication: Result<ClientAuthentication, SigningKeyError>

    init(_ settings: IntrospectionSettings) {
        url = settings.endpoint
        do throws(SigningKeyError) {
            authentication = .success(try ClientAuthentication(settings))
        } catch {
            authentication = .failure(error)
        }
    }

    /// The question about a token.
    ///
    /// - Parameters:
    ///   - token: the token as it came.
    ///   - now: seconds since 1970.
    /// - Returns: the request.
    /// - Throws: `ProviderError` if the gateway cannot say who it is.
    func request(about token: [UInt8], now: Int) throws(ProviderError) -> OutboundRequest {
        var request = OutboundRequest(.post, url)
        request.fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        var form = FormContent()
        form.append("token", token)
        form.append("token_type_hint", "access_token".utf8)
        switch authentication {
        case .success(.basic(let credential)):
            request.fields.append(("Authorization", credential))
        case .success(.post(let clientID, let secret)):
            form.append("client_id", clientID.utf8)
            form.append("client_secret", secret)
        case .success(.assertion(let assertion)):
            guard let text = assertion.text(now: now) else { throw unsigned("it could not be signed") }
            form.append("client_assertion_type", ClientAssertion.type.utf8)
            form.append("client_assertion", text)
        case .failure(let error):
            throw unsigned(error.message)
        }
        request.content = form.bytes
        return request
    }

    private func unsigned(_ reason: String) -> ProviderError {
        ProviderError(.http, url: url.description, "no client assertion: \(reason)")
    }
}
