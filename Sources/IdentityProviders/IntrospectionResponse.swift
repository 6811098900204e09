internal import Outbound
internal import StrictJSON

/// What an introspection endpoint says about a token (RFC 7662 §2.2). Whether the claims fit is not judged here.
struct IntrospectionResponse {
    /// How large a response may be, in bytes.
    static let maximumSize = 64 << 10
    private static let limits = JSONLimits(depth: 16, size: maximumSize)

    let isActive: Bool
    /// What it says.
    let content: JSONNode
    /// The same as it came.
    let text: [UInt8]

    /// Reads the content of a response; nil if it is JSON without a boolean `active`.
    ///
    /// - Throws: `JSONError` if it is not JSON.
    init?(text: [UInt8]) throws(JSONError) {
        self.text = text
        content = try JSONReader.read(text.span, limits: Self.limits)
        guard let isActive = content["active"]?.bool else { return nil }
        self.isActive = isActive
    }

    /// Reads a response.
    ///
    /// - Parameters:
    ///   - response: the response.
    ///   - url: whose it is.
    /// - Throws: `ProviderError`: why it says nothing about the token, in words of the gateway only.
    init(_ response: OutboundResponse, from url: ServiceURL) throws(ProviderError) {
        guard response.status == 200 else {
            throw ProviderError(.http, url: url.description, Self.refusal(response))
        }
        let read: Self?
        do throws(JSONError) {
            read = try Self(text: response.content)
        } catch {
            throw ProviderError(.parse, url: url.description, "the answer is not JSON: \(Self.words(error))")
        }
        guard let read else {
            throw ProviderError(.parse, url: url.description, "the answer has no boolean \"active\"")
        }
        self = read
    }

    /// RFC 7662 §2.3; an endpoint may also say 400 of credentials (RFC 6749 §5.2).
    private static func refusal(_ response: OutboundResponse) -> String {
        let isClient =
            switch response.status {
            case 401, 403: true
            case 400: isInvalidClient(response.content.span)
            default: false
            }
        return isClient
            ? "the client authentication was refused with status \(response.status)" : "status \(response.status)"
    }

    private static func isInvalidClient(_ text: Span<UInt8>) -> Bool {
        (try? JSONReader.read(text, limits: limits))?["error"]?.string == "invalid_client"
    }

    /// A name could be anything, the token too.
    private static func words(_ error: JSONError) -> String {
        if case .duplicateName = error.kind { "a key occurs twice" } else { error.description }
    }

    /// Until when the response may be believed.
    ///
    /// - Parameters:
    ///   - latest: when it is too old, whatever it says itself, in seconds since 1970.
    ///   - now: what an `exp` that is none comes to: the response is for one request then.
    /// - Returns: seconds since 1970.
    func end(latest: Int, now: Int) -> Int {
        guard let expiry = content["exp"] else { return latest }
        guard let number = expiry.number?.asDouble, number >= 0, number < 0x1p53 else { return now }
        return min(latest, Int(number))
    }
}
