import Bytes
import HTTP
import Testing

@Suite("RFC 9113 section 8: requests over HTTP/2")
struct Section8RequestTests {
    @Test("§8.3.1: pseudo-fields become what stands in the request line of HTTP/1.1")
    func pseudoFields() throws {
        let read = try readStreamRequest([":method": "PUT", ":authority": "A.example:443", ":path": "/x/%7e?q=1"])
        #expect(read.head.method == .put)
        #expect(read.head.version == .http2)
        #expect(read.head.host.authority == Array("a.example".utf8))
        #expect(read.head.target.path == Array("/x/~".utf8))
        #expect(read.head.target.query == Array("?q=1".utf8))
    }

    @Test(
        "§8.3.1: pseudo-fields that are not those of a request are refused",
        arguments: [
            ([":method": ""], ParseError.invalidMethod), ([":method": "get"], .invalidMethod),
            ([":method": "GE T"], .invalidMethod), ([":method": "CONNECT"], .methodNotImplemented),
            ([":method": "TRACE"], .methodNotImplemented),
            ([":method": String(repeating: "A", count: 65)], .methodTooLong), ([":scheme": ""], .invalidTarget),
            ([":scheme": "ftp"], .invalidTarget), ([":scheme": "https\r\nX: y"], .invalidTarget),
            ([":path": ""], .invalidTarget), ([":path": "b"], .invalidTarget),
            ([":path": "https://a/b"], .invalidTarget), ([":path": "*"], .invalidTarget),
            ([":path": "/a b"], .pathForbiddenCharacter), ([":path": "/a\r\nX: y"], .pathForbiddenCharacter),
            ([":path": "/a#b"], .pathFragment), ([":path": "/../b"], .pathAboveRoot),
            ([":path": "/" + String(repeating: "a", count: 9000)], .targetTooLong),
            ([":authority": ""], .missingHost), ([":authority": "u@a"], .invalidHost),
            ([":authority": "a b"], .invalidHost), ([":authority": "a\r\nX: y"], .invalidHost),
        ] as [([String: String], ParseError)])
    func malformedPseudoFields(pseudo: [String: String], error: ParseError) {
        #expect(throws: error.self) { try readStreamRequest(pseudo) }
    }

    @Test("§8.3.1: OPTIONS * is a request to the server as a whole")
    func asterisk() throws {
        let read = try readStreamRequest([":method": "OPTIONS", ":path": "*"])
        #expect(read.head.target.form == .asterisk)
    }

    @Test("Rule 4: the authority and Host agree, in their canonical form, or one of them is enough")
    func hosts() throws {
        #expect(try readStreamRequest([:], [("host", "A:443")]).head.host.authority == Array("a".utf8))
        #expect(try readStreamRequest([":authority": ""], [("host", "b")]).head.host.authority == Array("b".utf8))
        #expect(throws: ParseError.conflictingHosts) { try readStreamRequest([:], [("host", "b")]) }
        #expect(throws: ParseError.invalidHost) { try readStreamRequest([:], [("host", "u@a")]) }
        #expect(throws: ParseError.repeatedHost) { try readStreamRequest([:], [("host", "a"), ("host", "a")]) }
    }

    @Test(
        "§8.2: fields that HTTP/1.1 would read in another way are refused",
        arguments: [
            ("A", "b", ParseError.invalidFieldName), ("a b", "c", .invalidFieldName), ("a:b", "c", .invalidFieldName),
            (":a", "b", .invalidFieldName), ("a\r\nb", "c", .invalidFieldName), ("", "b", .emptyFieldName),
            ("a", "b\r\nc: d", .controlCharacter), ("a", "b\nc", .controlCharacter), ("a", "b\0", .controlCharacter),
            ("a", " b", .invalidFieldValue), ("a", "b\t", .invalidFieldValue),
            ("connection", "close", .connectionField), ("keep-alive", "1", .connectionField),
            ("proxy-connection", "close", .connectionField), ("transfer-encoding", "chunked", .connectionField),
            ("upgrade", "h2c", .connectionField), ("te", "gzip", .connectionField),
            ("te", "trailers, gzip", .connectionField),
        ] as [(String, String, ParseError)])
    func malformedFields(name: String, value: String, error: ParseError) {
        #expect(throws: error.self) { try readStreamRequest([:], [(name, value)]) }
    }

    @Test("§8.2.2: te with trailers says that trailers are read")
    func trailers() throws {
        #expect(try readStreamRequest([:], [("te", "trailers")]).head.acceptsTrailers)
        #expect(!(try readStreamRequest().head.acceptsTrailers))
    }

    @Test("§8.2.3: the parts of Cookie become one line, in the place of the first")
    func cookies() throws {
        let read = try readStreamRequest([:], [("a", "1"), ("cookie", "b=2"), ("c", "3"), ("cookie", "d=4")])
        var lines: [UInt8] = []
        read.head.fields.append(lines: 0..<read.head.fields.count, to: &lines)
        #expect(lines.text == "a: 1\r\ncookie: b=2; d=4\r\nc: 3\r\n")
    }

    @Test("§8.1: how the body ends follows from the end of the stream and the length")
    func framing() throws {
        let length = [("content-length", "3")]
        #expect(try readStreamRequest().head.framing == .none)
        #expect(try readStreamRequest([":method": "POST"]).head.framing == .length(0))
        #expect(try readStreamRequest(isComplete: false).head.framing == .chunked)
        #expect(try readStreamRequest([:], length, isComplete: false).head.framing == .length(3))
        #expect(throws: ParseError.incompleteBody) { try readStreamRequest([:], length) }
        #expect(throws: ParseError.repeatedContentLength) { try readStreamRequest([:], length + length) }
        #expect(throws: ParseError.invalidContentLength) { try readStreamRequest([:], [("content-length", "+3")]) }
    }

    @Test("What must stand once is refused when repeated, as in HTTP/1.1")
    func repetitions() {
        #expect(throws: ParseError.repeatedAuthorization) {
            try readStreamRequest([:], [("authorization", "a"), ("authorization", "b")])
        }
    }

    @Test("A head beyond the limits is refused, but understood as far as the log needs it")
    func tooLarge() throws {
        var head = HeadFields()
        head.method = Array("GET".utf8)
        head.scheme = Array("https".utf8)
        head.authority = Array("a".utf8)
        head.path = Array("/b".utf8)
        head.isTooLarge = true
        var parser = RequestParser(limits: MessageLimits())
        var request = Request()
        do {
            try parser.adopt(&head, into: &request)
            Issue.record("it was accepted")
        } catch {
            #expect(error == .headTooLarge)
        }
        #expect(request.target.path == Array("/b".utf8))
    }
}
