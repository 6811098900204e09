import Bytes
import FuzzDriver
import HTTP

@main
struct FuzzProxyHeader {
    static func main() { FuzzDriver.run(check) }
}

/// Reads a PROXY header from the bytes and from every part of them: once it is there or refused, more bytes change nothing.
private func check(_ bytes: [UInt8]) {
    let whole = parse(bytes.span)
    for end in 0..<min(bytes.count, 256) {
        switch (parse(bytes.span.extracting(..<end)), whole) {
        case (.success(nil), _): continue
        case (.success(let early?), .success(let late?)):
            precondition(early == late && early.length <= end, "more bytes make another header")
        case (.failure, .failure): break
        default: preconditionFailure("more bytes change what was said")
        }
    }
    guard case .success(let result?) = whole else { return }
    precondition(result.length <= 16 + ProxyHeader.maximumPayload, "a header is too long")
    guard case .address(let address) = result.header else { return }
    let text = address.text
    precondition(IPAddress(text.span) == address, "an address is read otherwise than it is written")
}

private func parse(_ bytes: Span<UInt8>) -> Result<(header: ProxyHeader, length: Int)?, ParseError> {
    do throws(ParseError) {
        return .success(try ProxyHeader.parse(bytes))
    } catch {
        return .failure(error)
    }
}
