import Bytes
import HTTP

// Parsers look at spans, and a span of a buffer that a class holds cannot be taken where the parser is changed too.

extension RequestParser {
    mutating func parse(_ input: borrowing ByteBuffer, into request: inout Request) throws(ParseError) -> Int? {
        try parse(input.span, into: &request)
    }
}

extension ByteBuffer {
    func parseProxyHeader() throws(ParseError) -> (header: ProxyHeader, length: Int)? {
        try ProxyHeader.parse(span)
    }
}

extension ResponseParser {
    mutating func parse(
        _ input: borrowing ByteBuffer, requestMethod: Method, into response: inout Response
    ) throws(ParseError) -> Int? {
        try parse(input.span, requestMethod: requestMethod, into: &response)
    }
}
