import Bytes
import FuzzDriver
import HTTP

@main
struct FuzzResponseParser {
    static func main() { FuzzDriver.run(check) }
}

/// Reads the bytes as a response in one piece and byte by byte; both must agree, and what is sent on must read the same.
private func check(_ bytes: [UInt8]) {
    for method in [Method.get, .head] {
        let whole = read(bytes, step: max(1, bytes.count), method)
        precondition(whole == read(bytes, step: 1, method), "the result depends on how the bytes are split")
        guard case .response(let sent, _) = whole else { continue }
        guard case .response(let again, let length) = read(sent, step: sent.count, method) else {
            preconditionFailure("what is sent on is refused")
        }
        precondition(again == sent && length == sent.count, "what is sent on reads differently")
    }
}

private enum Reading: Equatable {
    case response([UInt8], length: Int)
    case incomplete
    case refused
}

private func read(_ bytes: [UInt8], step: Int, _ method: HTTP.Method) -> Reading {
    var parser = ResponseParser(limits: MessageLimits())
    var response = Response()
    do {
        for end in stride(from: step, through: bytes.count, by: step) {
            if let length = try parser.parse(bytes.span.extracting(..<end), requestMethod: method, into: &response) {
                var output: [UInt8] = []
                output.appendStatusLine(response.status, reason: response.reason.span)
                ForwardingRules().appendResponseLines(response.fields, to: &output)
                output.appendField(response.framing)
                output.append("\r\n")
                return .response(output, length: length)
            }
        }
        return .incomplete
    } catch {
        return .refused
    }
}
