internal import Bytes

/// Requests of HTTP/2 (RFC 9113 section 8). The session has checked much of it; what crosses to HTTP/1.1 is checked here again.
extension RequestParser {
    /// Understands a head that came in the form of HTTP/2.
    ///
    /// - Parameters:
    ///   - head: the head; gets the storage of the request's last fields.
    ///   - request: receives it, as far as it was understood even where it is refused.
    /// - Throws: `ParseError` if the head is malformed or exceeds a limit.
    package mutating func adopt(_ head: inout HeadFields, into request: inout Request) throws(ParseError) {
        request.reset()
        request.version = .http2
        swap(&request.fields, &head.fields)
        try readLine(of: head, into: &request)
        if head.isTooLarge { throw .headTooLarge }
        try request.fields.checkForm()
        try Self.checkRepetitions(request.fields.repeated)
        try readHost(of: head, into: &request)
        if !request.opensWebSocket {
            request.framing = try Self.framing(of: request.fields, request.method, isComplete: head.isComplete)
        }
        try Self.readExpectations(&request)
        if request.fields.contains(.te) { request.acceptsTrailers = Self.acceptsTrailers(request.fields) }
        if request.fields.count(of: .cookie) > 1 { request.fields.joinCookies() }
    }

    /// Reads what stands in the request line of HTTP/1.1 (RFC 9113 section 8.3.1).
    private func readLine(of head: borrowing HeadFields, into request: inout Request) throws(ParseError) {
        if head.method.count > RequestLine.maximumMethodLength { throw .methodTooLong }
        let (methodText, path) = (head.method, head.path)
        guard let method = Method(methodText.span), methodText.allSatisfy(CharacterSet128.methodCharacter.contains)
        else {
            throw .invalidMethod
        }
        request.method = method
        if method == .trace { throw .methodNotImplemented }
        if method == .connect { try request.readProtocol(of: head) }
        guard head.scheme.span.equals("http") || head.scheme.span.equals("https") else { throw .invalidTarget }
        if path.count > limits.startLine { throw .targetTooLong }
        guard let first = path.first, first == .slash || first == UInt8(ascii: "*") else { throw .invalidTarget }
        _ = try request.target.parse(path.span, method: request.method)
    }

    /// Reads `:authority` and `Host`, which must agree where both are there (security.md, rule 4).
    private func readHost(of head: borrowing HeadFields, into request: inout Request) throws(ParseError) {
        let authority = head.authority
        if !authority.isEmpty {
            guard request.host.parse(authority.span, defaultPort: defaultPort), !request.host.isEmpty else {
                throw .invalidHost
            }
        }
        guard let named = try host(in: request.fields) else {
            guard !authority.isEmpty else { throw .missingHost }
            return
        }
        if authority.isEmpty {
            request.host = named
        } else if named.authority != request.host.authority {
            throw .conflictingHosts
        }
    }

    private func host(in fields: borrowing Fields) throws(ParseError) -> HostName? {
        guard let value = fields.value(of: .host) else { return nil }
        var host = HostName()
        guard host.parse(value, defaultPort: defaultPort) else { throw .invalidHost }
        return host
    }

    /// Finds out whether a body follows. Without a length, it goes on as chunks in HTTP/1.1.
    private static func framing(
        of fields: borrowing Fields, _ method: Method, isComplete: Bool
    ) throws(ParseError) -> BodyFraming {
        let length = try MessageFraming(fields: fields, version: .http2).length
        guard isComplete else { return length.map { .length($0) } ?? .chunked }
        guard length ?? 0 == 0 else { throw .incompleteBody }
        // Servers of HTTP/1.1 want to be told that nothing follows where something could (RFC 9110 section 8.6).
        let anticipatesContent = method == .post || method == .put || method == .patch
        return length != nil || anticipatesContent ? .length(0) : .none
    }
}

extension Fields {
    /// Checks what HTTP/2 asks of fields (RFC 9113 section 8.2), also behind a body.
    ///
    /// - Throws: `ParseError` for a name that is not a token in lower case, a value that could be read as more than one line, and a
    ///   field that is for one connection of HTTP/1.1.
    package func checkForm() throws(ParseError) {
        for index in 0..<count {
            let known = known(at: index)
            if let known, FieldNameSet.notInHTTP2.contains(known) { throw .connectionField }
            let (name, value) = (name(at: index), value(at: index))
            guard name.count > 0 else { throw .emptyFieldName }
            let nameCharacters = CharacterSet128.lowercaseToken
            for position in name.indices where !nameCharacters.contains(name[position]) { throw .invalidFieldName }
            if value.firstIndex(of: .lineFeed) != nil || value.firstIndex(of: .carriageReturn) != nil
                || value.firstIndex(of: 0) != nil
            {
                throw .controlCharacter
            }
            guard let first = value.count > 0 ? value[0] : nil else { continue }
            if first.isWhitespace || value[value.count - 1].isWhitespace { throw .invalidFieldValue }
            if known == .te, !value.equalsIgnoringCase("trailers") { throw .connectionField }
        }
    }

    /// Makes one line of all `Cookie` lines, as recipients of HTTP/1.1 expect (RFC 9113 section 8.2.3).
    mutating func joinCookies() {
        var cookies: [UInt8] = []
        for index in 0..<count where known(at: index) == .cookie {
            if !cookies.isEmpty { cookies.append("; ") }
            cookies.append(value(at: index))
        }
        var joined = Fields()
        var isJoined = false
        for index in 0..<count {
            if known(at: index) != .cookie {
                joined.append(name: name(at: index), value: value(at: index))
            } else if !isJoined {
                joined.append(name: name(at: index), value: cookies.span)
                isJoined = true
            }
        }
        swap(&self, &joined)
    }
}
