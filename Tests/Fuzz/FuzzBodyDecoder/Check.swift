import Bytes
import FuzzDriver
import HTTP

@main
struct FuzzBodyDecoder {
    static func main() { FuzzDriver.run(check) }
}

/// Decodes the bytes as a chunked body in one piece and byte by byte; both must agree.
private func check(_ bytes: [UInt8]) {
    precondition(
        decode(bytes, step: max(1, bytes.count)) == decode(bytes, step: 1),
        "the result depends on how the bytes are split")
}

private struct Decoding: Equatable {
    var data: [UInt8] = []
    var trailerCount = 0
    var end: Int?
    var isRefused = false
}

private func decode(_ bytes: [UInt8], step: Int) -> Decoding {
    var decoder = BodyDecoder(framing: .chunked, limits: MessageLimits(), maximumSize: 1 << 20)
    var result = Decoding()
    var position = 0
    do {
        for end in stride(from: step, through: bytes.count, by: step) {
            feeding: while true {
                let input = bytes.span.extracting(position..<end)
                switch try decoder.next(input) {
                case .needMore(let consumed):
                    precondition(consumed == input.count, "bytes of a body were left over")
                    position += consumed
                    break feeding
                case .data(let range, let consumed):
                    precondition(!range.isEmpty && range.upperBound <= consumed, "data without bytes")
                    result.data.append(input.extracting(range))
                    position += consumed
                case .end(let consumed):
                    result.end = position + consumed
                    result.trailerCount = decoder.trailers.count
                    return result
                }
            }
        }
    } catch {
        result = Decoding(isRefused: true)
    }
    return result
}
