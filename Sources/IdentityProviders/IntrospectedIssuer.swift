internal import JOSE
internal import Outbound
internal import Transport

/// An issuer that is asked about tokens, and what it is being asked.
final class IntrospectedIssuer {
    let settings: IntrospectionSettings
    /// Never that of other settings.
    let number: Int
    let client: any ServiceClient
    private let endpoint: IntrospectionEndpoint
    private(set) var pause = FailurePause()
    /// The latest question about each token; the client bounds how many there are.
    private(set) var questions: [SHA256Digest: IntrospectionQuestion] = [:]
    private(set) var isRetired = false

    init(_ settings: IntrospectionSettings, number: Int, client: any ServiceClient) {
        self.settings = settings
        self.number = number
        self.client = client
        endpoint = IntrospectionEndpoint(settings)
    }

    /// The question about a token that is under way, unless it was asked so long ago that its answer would not be kept.
    func question(about digest: SHA256Digest, now: Moment) -> IntrospectionQuestion? {
        guard let question = questions[digest], now.instant.since(question.begin.instant) < settings.cacheLifetime
        else { return nil }
        return question
    }

    /// A new question, which the caller ends.
    func begin(about digest: SHA256Digest, now: Moment) -> IntrospectionQuestion {
        let question = IntrospectionQuestion(about: digest, begin: now)
        questions[digest] = question
        return question
    }

    /// Asks the question.
    ///
    /// - Throws: `ProviderError`: why there is no answer.
    func ask(
        _ question: IntrospectionQuestion, about token: [UInt8], clock: () -> Moment
    ) async throws(ProviderError) -> IntrospectionResponse {
        let request = try endpoint.request(about: token, now: question.begin.seconds)
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await client.send(
                request, maximumSize: IntrospectionResponse.maximumSize,
                until: question.begin.instant + settings.client.timeout)
        } catch {
            pause.note(error.stage, at: clock().instant)
            throw ProviderError(error, url: settings.endpoint)
        }
        pause.note(nil, at: clock().instant)
        return try IntrospectionResponse(response, from: settings.endpoint)
    }

    /// Ends a question.
    ///
    /// - Returns: whether the answer may be kept: the settings still hold, and nobody has asked again since.
    func end(_ question: IntrospectionQuestion) -> Bool {
        guard questions[question.digest] === question else { return false }
        questions[question.digest] = nil
        return !isRetired
    }

    /// Keeps no answer and no connection from now on.
    func retire() {
        isRetired = true
        client.retire()
    }
}
