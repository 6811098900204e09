internal import Bytes

extension Array where Element == UInt8 {
    /// Appends a request line (RFC 9112 section 3).
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - path: a canonical path, or `*`.
    ///   - query: the query with its question mark, or nothing.
    package mutating func appendRequestLine(_ method: Method, path: Span<UInt8>, query: Span<UInt8>) {
        let name = method.name
        append(addingCapacity: name.utf8.count + path.count + query.count + 12) { output in
            output.append(name.utf8.span)
            output.append(UInt8.space)
            output.append(path)
            output.append(query)
            output.append(" HTTP/1.1\r\n")
        }
    }

    /// Appends a status line (RFC 9112 section 4).
    ///
    /// - Parameters:
    ///   - status: the status code, 100 to 599.
    ///   - reason: the reason phrase without CR and LF; may be empty.
    package mutating func appendStatusLine(_ status: Int, reason: Span<UInt8>) {
        append("HTTP/1.1 ")
        append(decimal: status)
        append(UInt8.space)
        append(reason)
        append("\r\n")
    }

    /// Appends the status line of a response that is made here, with the registered reason phrase.
    ///
    /// - Parameter status: the status code, 100 to 599.
    package mutating func appendStatusLine(_ status: Int) {
        append("HTTP/1.1 ")
        append(decimal: status)
        append(UInt8.space)
        append(reasonPhrase(of: status))
        append("\r\n")
    }

    /// Appends a field line.
    ///
    /// - Parameters:
    ///   - name: a token.
    ///   - value: a field value without CR, LF and NUL.
    package mutating func appendField(_ name: StaticString, _ value: Span<UInt8>) {
        append(addingCapacity: name.utf8CodeUnitCount + value.count + 4) { output in
            output.append(name)
            output.append(": ")
            output.append(value)
            output.append("\r\n")
        }
    }

    /// Appends the field that says how the body ends, if there is any to say (RFC 9112 section 6).
    ///
    /// - Parameter framing: how the body is sent.
    package mutating func appendField(_ framing: BodyFraming) {
        switch framing {
        case .none, .untilClose: break
        case .length(let length):
            append("Content-Length: ")
            append(decimal: length)
            append("\r\n")
        case .chunked: append("Transfer-Encoding: chunked\r\n")
        }
    }

    /// Appends what stands before the data of a chunk (RFC 9112 section 7.1); CRLF must follow the data.
    ///
    /// - Parameter size: the number of data bytes, more than 0.
    package mutating func appendChunkHeader(size: Int) {
        append(hexadecimal: UInt(size))
        append("\r\n")
    }

    /// Appends the last chunk and the trailer section (RFC 9112 section 7.1.2).
    ///
    /// - Parameters:
    ///   - trailers: the trailer fields; may be empty.
    ///   - rules: whose managed names do not cross here either.
    package mutating func appendLastChunk(trailers: borrowing Fields, by rules: ForwardingRules = ForwardingRules()) {
        append("0\r\n")
        rules.appendTrailerLines(trailers, to: &self)
        append("\r\n")
    }
}

/// The registered reason phrase of a status code that the gateway answers with (RFC 9110 section 15); else nothing.
package func reasonPhrase(of status: Int) -> StaticString {
    switch status {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 204: "No Content"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: ""
    }
}
