import AccessLog
import Bytes
import HTTP
import HTTP2
import TokenEndpoint
import Transport

/// The token endpoint (RFC 6749 §3.2).
extension Exchange {
    /// How long the form may be.
    private static let maximumForm = 16 << 10

    /// Reads the form, checks passwords on a thread that may take its time, and makes the token.
    ///
    /// - Throws: `.tokenRefused`, `.rateLimited`, `.tooManyLogins`, or what is wrong with the message.
    func issueToken(for client: Client) async throws(Refusal) -> IssuedToken {
        guard let issuer = generation.tokenService?.issuer else { throw .noRoute }
        let form = try await receiveForm(from: client)
        let tokenRequest: TokenRequest
        do throws(TokenEndpointError) {
            tokenRequest = try TokenRequest(form, authorization: request.fields.value(of: .authorization))
        } catch {
            throw .tokenRefused(error)
        }
        let logins = resources.logins
        let attempt = LoginAttempt(tokenRequest, from: believed?.address ?? client.origin.address)
        let clock = Int(resources.loop.now.nanoseconds / 1_000_000_000)
        if let seconds = logins.attempts.begin(attempt.subjects, now: clock) { throw .rateLimited(seconds: seconds) }
        let now = resources.loop.seconds
        let result = await logins.calls.run { () -> Result<IssuedToken, TokenEndpointError> in
            Result { () throws(TokenEndpointError) in try issuer.answer(tokenRequest, now: now) }
        }
        attempt.end(in: logins.attempts, result)
        switch result {
        case .success(let token): return token
        case .failure(let error): throw .tokenRefused(error)
        case nil: throw .tooManyLogins
        }
    }

    private func receiveForm(from client: Client) async throws(Refusal) -> Form {
        guard request.hasForm else { throw .tokenRefused(.invalidRequest(.contentType)) }
        if case .length(let length) = request.framing, length > Self.maximumForm { throw .rejected(.bodyTooLarge) }
        upload.begin(request.framing, of: client.http2, maximumSize: Self.maximumForm)
        if request.expectsContinue, request.version != .http10, client.input.isEmpty { await sendContinue(to: client) }
        let deadline = resources.loop.now + generation.settings.headTimeout
        var parser = FormParser()
        var content: [UInt8] = []
        while true {
            let isComplete: Bool
            do throws(ParseError) {
                isComplete = try upload.collect(&client.input, into: &content)
            } catch {
                throw .rejected(error)
            }
            do throws(TokenEndpointError) {
                try parser.consume(content.span)
                if isComplete { return try parser.finish() }
            } catch {
                throw .tokenRefused(error)
            }
            content.removeAll(keepingCapacity: true)
            switch client.receive() {
            case .bytes: await client.letOthersRun()
            case .end where upload.endSource(): break
            case .end, .failed: throw .clientGone
            case .wouldBlock: if await client.wait(until: deadline) == .expired { throw .rejected(.bodyTooSlow) }
            }
        }
    }

    /// Asks for the body that a client holds back (RFC 9110 §10.1.1).
    private func sendContinue(to client: Client) async {
        let none: [UInt8] = []
        if let stream = client.http2 { return stream.respondInterim(100, lines: none.span) }
        download.output.bytes.append("HTTP/1.1 100 Continue\r\n\r\n")
        await finishAnswer(on: client)
    }

    /// Notes what was issued to whom.
    func note(_ token: IssuedToken) {
        record.reason = .allowed
        noteSubject(token.subject)
        if let client = token.client { record.set(.clientID, to: client) }
        record.set(.issuer, to: token.issuer)
        record.set(.tokenID, to: token.tokenID)
        record.expiresIn = token.lifetime
    }
}

/// One attempt to get a token, and whom it counts for.
private struct LoginAttempt {
    private let user: LoginAttempts.Subject?
    private let client: LoginAttempts.Subject?
    private let address: LoginAttempts.Subject?

    init(_ request: TokenRequest, from address: IPAddress?) {
        if case .password(let name, _) = request.grant { user = .user(name) } else { user = nil }
        client = request.client.map { .client($0.identifier) }
        self.address = address.map { .address($0.holder) }
    }

    /// The address first, so that who guesses names fills no table with them.
    var subjects: [LoginAttempts.Subject] { [address, client, user].compactMap(\.self) }

    /// Ends the attempt; nil if no password was checked.
    func end(in attempts: LoginAttempts, _ result: Result<IssuedToken, TokenEndpointError>?) {
        switch result {
        case nil, .failure(.unavailable): attempts.end(subjects, .withdrawn)
        case .failure(.invalidClient):
            // The user's password was not looked at.
            attempts.end([address, client].compactMap(\.self), .failed)
            attempts.end([user].compactMap(\.self), .withdrawn)
        case .failure(.invalidGrant):
            attempts.end([address, user].compactMap(\.self), .failed)
            attempts.end([client].compactMap(\.self), .succeeded)
        case .success, .failure: attempts.end(subjects, .succeeded)
        }
    }
}

extension Request {
    /// Whether the body is said to be a form; parameters of the type, such as a charset, do not matter.
    fileprivate var hasForm: Bool {
        guard let value = fields.value(of: .contentType) else { return false }
        return value.isMediaType("application/x-www-form-urlencoded")
    }
}
