import Bytes
import FuzzDriver
import HTTP

@main
struct FuzzRequestParser {
    static func main() { FuzzDriver.run(check) }
}

/// Reads the bytes as a request in one piece and byte by byte; both must agree, and what is sent on must read the same.
private func check(_ bytes: [UInt8]) {
    let whole = read(bytes, step: max(1, bytes.count))
    precondition(whole == read(bytes, step: 1), "the result depends on how the bytes are split")
    guard case .request(let sent, _, _) = whole else { return }
    guard case .request(let again, let length, _) = read(sent, step: sent.count) else {
        preconditionFailure("what is sent on is refused")
    }
    precondition(again == sent && length == sent.count, "what is sent on reads differently")
}

private enum Reading: Equatable {
    case request([UInt8], length: Int, opensWebSocket: Bool)
    case incomplete
    case refused
}

private func read(_ bytes: [UInt8], step: Int) -> Reading {
    var parser = RequestParser(limits: MessageLimits())
    var request = Request()
    do {
        for end in stride(from: step, through: bytes.count, by: step) {
            if let length = try parser.parse(bytes.span.extracting(..<end), into: &request) {
                precondition(
                    !request.opensWebSocket || request.method == .get && request.framing.isEmpty,
                    "a handshake is a GET without a body")
                return .request(serialize(request), length: length, opensWebSocket: request.opensWebSocket)
            }
        }
        return .incomplete
    } catch {
        return .refused
    }
}

private func serialize(_ request: borrowing Request) -> [UInt8] {
    var output: [UInt8] = []
    output.appendRequestLine(request.method, path: request.target.path.span, query: request.target.query.span)
    output.appendField("Host", request.host.authority.span)
    _ = ForwardingRules().appendRequestLines(request.fields, to: &output)
    output.appendField(request.framing)
    output.append("\r\n")
    checkForwarding(request.fields)
    checkCookies(request.fields)
    for reading in request.target.readings() {
        precondition(reading.path != request.target.path, "a reading equals the path")
    }
    return output
}

/// What is written of what a trusted proxy says must be fields of a request, each once.
private func checkForwarding(_ fields: borrowing Fields) {
    let forwarded = ForwardedRequest(fields) { $0.isIPv4 }
    precondition(forwarded.requestID.count <= 128, "an identifier is too long")
    var head = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
    let (peer, host) = (Array("10.0.0.1".utf8), Array("a.test".utf8))
    forwarded.appendFields(peer: peer.span, ownScheme: .http, ownHost: host.span, to: &head)
    head.append("\r\n")
    var parser = RequestParser(limits: MessageLimits())
    var request = Request()
    guard let length = try? parser.parse(head.span, into: &request), length == head.count else {
        preconditionFailure("forwarding fields are refused")
    }
    precondition(request.fields.count(of: .xForwardedFor) == 1, "X-Forwarded-For is not there once")
}

/// Of a cookie that was taken out, nothing must be left, and what is left must be fields of a request.
private func checkCookies(_ fields: borrowing Fields) {
    let name = Array("a".utf8)
    var head = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
    fields.appendCookies(without: name.span, to: &head)
    head.append("\r\n")
    var parser = RequestParser(limits: MessageLimits())
    var request = Request()
    guard let length = try? parser.parse(head.span, into: &request), length == head.count else {
        preconditionFailure("the cookies that are left are refused")
    }
    precondition(request.fields.cookie(named: name.span) == .none, "the cookie is still there")
}
