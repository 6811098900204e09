import Bytes
import HTTP

/// A head that was read. Heads cannot be copied, but what `#expect` and `#require` look at must be; a comparison with `==`
/// looks at no more than its two sides.
final class Shared<Head: ~Copyable & Sendable>: Sendable {
    let head: Head

    init(_ head: consuming Head) { self.head = head }
}

/// Reads a request head whose bytes arrive in one piece, and again with one more byte each time.
///
/// - Throws: what the parser throws, in whichever of the two it does; `Disagreement` if they differ.
func readRequest(_ text: String, limits: MessageLimits = MessageLimits()) throws -> Shared<Request>? {
    try readRequest(Array(text.utf8), limits: limits)
}

func readRequest(_ bytes: [UInt8], limits: MessageLimits = MessageLimits()) throws -> Shared<Request>? {
    let whole = Result { try readRequest(bytes, step: bytes.count, limits: limits) }
    let split = Result { try readRequest(bytes, step: 1, limits: limits) }
    return try agree(whole, split) { $0.map { describe($0.head) } }
}

private func readRequest(_ bytes: [UInt8], step: Int, limits: MessageLimits) throws -> Shared<Request>? {
    var parser = RequestParser(limits: limits)
    var request = Request()
    for end in stride(from: step, through: bytes.count, by: max(1, step)) {
        if try parser.parse(bytes.span.extracting(..<end), into: &request) != nil { return Shared(request) }
    }
    return nil
}

/// Reads a response head like `readRequest`.
func readResponse(_ text: String, to method: HTTP.Method = .get) throws -> Shared<Response>? {
    let bytes = Array(text.utf8)
    let whole = Result { try readResponse(bytes, step: bytes.count, method) }
    let split = Result { try readResponse(bytes, step: 1, method) }
    return try agree(whole, split) { $0.map { describe($0.head) } }
}

private func readResponse(_ bytes: [UInt8], step: Int, _ method: HTTP.Method) throws -> Shared<Response>? {
    var parser = ResponseParser(limits: MessageLimits())
    var response = Response()
    for end in stride(from: step, through: bytes.count, by: max(1, step)) {
        if try parser.parse(bytes.span.extracting(..<end), requestMethod: method, into: &response) != nil {
            return Shared(response)
        }
    }
    return nil
}

/// What a decoder made of a body.
struct DecodedBody: Equatable {
    var data = ""
    var trailers = ""
    var isComplete = false
    /// How many bytes were behind the end.
    var rest = 0
}

/// Decodes a body whose bytes arrive in one piece, and again split at every place.
func decodeBody(
    _ text: String, framing: BodyFraming = .chunked, limits: MessageLimits = MessageLimits(), maximumSize: Int? = nil
) throws -> DecodedBody {
    let bytes = Array(text.utf8)
    func decode(cutAt cut: Int) throws -> DecodedBody {
        var decoder = BodyDecoder(framing: framing, limits: limits, maximumSize: maximumSize)
        var body = DecodedBody()
        var position = 0
        for end in [cut, bytes.count] {
            feeding: while true {
                let input = bytes.span.extracting(position..<end)
                switch try decoder.next(input) {
                case .needMore(let consumed):
                    position += consumed
                    break feeding
                case .data(let range, let consumed):
                    body.data += input.extracting(range).text
                    position += consumed
                case .end(let consumed):
                    position += consumed
                    body.isComplete = true
                    break feeding
                }
            }
        }
        body.trailers = describe(decoder.trailers)
        body.rest = bytes.count - position
        return body
    }
    var result = Result { try decode(cutAt: bytes.count) }
    for cut in bytes.indices {
        let next = Result { try decode(cutAt: cut) }
        result = Result { try agree(result, next) { "\($0)" } }
    }
    return try result.get()
}

/// Two ways to split the same bytes led to different results.
struct Disagreement: Error {
    let results: [String]
}

private func agree<Value>(
    _ first: Result<Value, any Error>, _ second: Result<Value, any Error>, _ describe: (Value) -> String?
) throws -> Value {
    func text(_ result: Result<Value, any Error>) -> String {
        switch result {
        case .success(let value): describe(value) ?? "nothing"
        case .failure(let error): "\(error)"
        }
    }
    let texts = [text(first), text(second)]
    guard texts[0] == texts[1] else { throw Disagreement(results: texts) }
    return try first.get()
}

/// All that a request head says, on one line.
func describe(_ request: borrowing Request) -> String {
    var target: [UInt8] = []
    request.target.append(to: &target)
    return [
        request.method.name, target.text, "\(request.version)", request.host.authority.text,
        "\(request.framing)", "\(request.isPersistent)", "\(request.expectsContinue)",
        "\(request.opensWebSocket)", describe(request.fields),
    ].joined(separator: " ")
}

/// What a response head says about the message, on one line.
func describe(_ response: borrowing Response) -> String {
    "\(response.status) \(response.framing) \(response.isPersistent) \(describe(response.fields))"
}

/// The lines of a field section as they are sent on.
func describe(_ fields: borrowing Fields) -> String {
    var lines: [UInt8] = []
    for index in 0..<fields.count { fields.append(line: index, to: &lines) }
    return lines.text
}

/// A request for `/` with these field lines besides `Host`.
func withFields(_ lines: String..., version: String = "HTTP/1.1") -> String {
    "GET / \(version)\r\nHost: gateway.test\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// Values that outlive the access to a shared head, which spans do not.
extension Fields {
    func bytes(at index: Int) -> [UInt8] { value(at: index).array }

    func text(of name: FieldName) -> String? { value(of: name)?.text }
}

extension [UInt8] {
    /// The bytes as text.
    var text: String { String(decoding: self, as: UTF8.self) }
}
