import Bytes
import HTTP
import Testing

@Suite("RFC 6265 section 4.2: the Cookie field")
struct Section4CookieTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let lines: [String]
        /// The value of the cookie `t`; nil for none.
        let value: String?
        /// The lines without it.
        let rest: [String]
        var isRepeated = false

        var testDescription: String { "\(lines)" }
    }

    static let cases = [
        Case(lines: [], value: nil, rest: []),
        Case(lines: ["t=a.b.c"], value: "a.b.c", rest: []),
        Case(lines: ["a=1; t=x; b=2"], value: "x", rest: ["a=1; b=2"]),
        Case(lines: ["t=x; a=1;b=2 ;  c=3"], value: "x", rest: ["a=1;b=2 ;  c=3"]),
        Case(lines: ["a=1", "t=x", "b=2"], value: "x", rest: ["a=1", "b=2"]),
        Case(lines: ["a=1 ;\tt\t=\t x \t; b=2"], value: "x", rest: ["a=1 ; b=2"]),
        Case(lines: ["t=\"x\""], value: "x", rest: []),
        Case(lines: ["t=\"x; a=\"y\""], value: "\"x", rest: ["a=\"y\""]),
        Case(lines: ["t=\""], value: "\"", rest: []),
        Case(lines: ["t=\"\""], value: "", rest: []),
        Case(lines: ["t=; a=1"], value: "", rest: ["a=1"]),
        Case(lines: ["t=a=b=="], value: "a=b==", rest: []),
        Case(lines: ["T=x; tt=y; xt=z"], value: nil, rest: ["T=x; tt=y; xt=z"]),
        Case(lines: ["t"], value: nil, rest: ["t"]),
        Case(lines: ["=t; x=t=1"], value: nil, rest: ["=t; x=t=1"]),
        Case(lines: [";; ; a=1;"], value: nil, rest: [";; ; a=1;"]),
        Case(lines: ["t=1; t=2"], value: nil, rest: [], isRepeated: true),
        Case(lines: ["t=1; a=1", "t=1"], value: nil, rest: ["a=1"], isRepeated: true),
        Case(lines: ["t=; t=1; a"], value: nil, rest: ["a"], isRepeated: true),
    ]

    private func head(_ lines: [String]) -> String {
        "GET / HTTP/1.1\r\nHost: a\r\n" + lines.map { "Cookie: \($0)\r\nX-Cookie: t=no\r\n" }.joined() + "\r\n"
    }

    @Test("a cookie is looked for in all lines, by its whole name", arguments: cases)
    func found(_ expected: Case) throws {
        let shared = try #require(try readRequest(head(expected.lines)))
        switch shared.head.fields.cookie(named: Array("t".utf8).span) {
        case .none: #expect(expected.value == nil && !expected.isRepeated)
        case .repeated: #expect(expected.isRepeated)
        case .found(let line, let range):
            #expect(shared.head.fields.text(of: line, range) == expected.value)
        }
    }

    @Test("a cookie is taken out, and the others stay byte for byte", arguments: cases)
    func removed(_ expected: Case) throws {
        let shared = try #require(try readRequest(head(expected.lines)))
        var output: [UInt8] = []
        shared.head.fields.appendCookies(without: Array("t".utf8).span, to: &output)
        let lines = expected.rest.map { "Cookie: \($0)\r\n" }.joined()
        #expect(String(decoding: output, as: UTF8.self) == lines)
    }

    @Test("a line that Connection names does not cross in parts either")
    func connectionOption() throws {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: cookie\r\nCookie: t=1; a=2\r\n\r\n"
        let shared = try #require(try readRequest(head))
        var output: [UInt8] = []
        shared.head.fields.appendCookies(without: Array("t".utf8).span, to: &output)
        #expect(output.isEmpty)
    }

    @Test("whatever a line holds, the cookie is gone when it was taken out, and nothing else is")
    func random() throws {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("tta=;; \"\t1".utf8)
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0...14, using: &generator)).map { _ in alphabet.randomElement() ?? 0 }
            var fields = Fields()
            fields.append(name: Array("cookie".utf8).span, value: text.span)
            var output: [UInt8] = []
            fields.appendCookies(without: Array("t".utf8).span, to: &output)
            var left = Fields()
            if !output.isEmpty {
                left.append(
                    name: Array("cookie".utf8).span,
                    value: output.span.extracting(8..<output.count - 2))
            }
            #expect(left.cookie(named: Array("t".utf8).span) == .none)
            for other in ["a", "1", "tt", "ta"] {
                let name = Array(other.utf8)
                let kept = left.cookie(named: name.span)
                let before = fields.cookie(named: name.span)
                if case .found(_, let range) = before, case .found(_, let now) = kept {
                    #expect(fields.text(of: 0, range) == left.text(of: 0, now))
                } else {
                    #expect(before == kept, "\(String(decoding: text, as: UTF8.self))")
                }
            }
        }
    }
}

extension Fields {
    /// A part of the value of a line, as text.
    fileprivate func text(of line: Int, _ range: Range<Int>) -> String {
        value(at: line).extracting(range).text
    }
}
