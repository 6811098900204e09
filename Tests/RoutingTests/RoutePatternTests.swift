import Routing
import Testing

@Suite("configuration.md, Routes: path")
struct RoutePatternTests {
    @Test("a template is split at its slashes")
    func segments() throws {
        let pattern = try RoutePattern("/items/{id}/parts/{rest...}")
        #expect(
            pattern.segments == [.literal("items"), .parameter("id"), .literal("parts"), .rest("rest")])
        #expect(try RoutePattern("/").segments == [.literal("")])
        #expect(try RoutePattern("/a/").segments == [.literal("a"), .literal("")])
        #expect(try RoutePattern("*").isAsterisk)
    }

    @Test(
        "escapes of unreserved characters are decoded, others get upper-case digits (RFC 3986 §6.2.2)",
        arguments: [("/%41%7e", "A~"), ("/%2f%c3%A9", "%2F%C3%A9"), ("/a;b=1,2", "a;b=1,2"), ("/%7b", "%7B")])
    func canonical(template: String, literal: String) throws {
        #expect(try RoutePattern(template).segments == [.literal(literal)])
    }

    @Test(
        "what cannot match is refused, with its place",
        arguments: [
            ("", .noLeadingSlash, 0), ("items", .noLeadingSlash, 0), ("**", .noLeadingSlash, 0),
            ("//a", .emptySegment, 1), ("/a//b", .emptySegment, 3), ("/a/./b", .dotSegment, 3),
            ("/a/..", .dotSegment, 3),
            ("/%2e%2E", .dotSegment, 1), ("/a%", .badEscape, 2), ("/a%4", .badEscape, 2), ("/a%zz", .badEscape, 2),
            ("/a%4/1", .badEscape, 2), ("/a%00", .controlCharacter, 2), ("/a\u{7}", .controlCharacter, 2),
            ("/a b", .mustBeEscaped("%20"), 2), ("/é", .mustBeEscaped("%C3%A9"), 1),
            ("/a?b", .mustBeEscaped("%3F"), 2),
            ("/a#b", .mustBeEscaped("%23"), 2), ("/a\\b", .mustBeEscaped("%5C"), 2), ("/a{b}", .partialParameter, 2),
            ("/{b}c", .partialParameter, 1), ("/{b", .partialParameter, 1), ("/b}", .partialParameter, 2),
            ("/{}", .badName, 2), ("/{1a}", .badName, 2), ("/{a-b}", .badName, 3), ("/{...}", .badName, 2),
            ("/{a}/{a}", .repeatedName("a"), 5), ("/{a...}/b", .restNotLast, 7), ("/{a...}/", .restNotLast, 7),
        ] as [(String, RoutePatternError.Kind, Int)])
    func refused(template: String, kind: RoutePatternError.Kind, offset: Int) {
        let error = #expect(throws: RoutePatternError.self) { _ = try RoutePattern(template) }
        #expect(error?.kind == kind)
        #expect(error?.offset == offset)
        #expect(error?.message.isEmpty == false)
    }

    @Test("a template longer than any request line is refused")
    func length() throws {
        _ = try RoutePattern("/" + String(repeating: "a", count: RoutePattern.maximumLength - 1))
        #expect(throws: RoutePatternError.self) {
            _ = try RoutePattern("/" + String(repeating: "a", count: RoutePattern.maximumLength))
        }
    }
}

@Suite("configuration.md, Routes: host")
struct HostPatternTests {
    @Test(
        "hosts are compared in lower case and without a trailing dot",
        arguments: [
            ("API.Example.com", "api.example.com"), ("a.b.", "a.b"), ("*.Example.com.", "*.example.com"),
            ("192.0.2.1", "192.0.2.1"), ("[2001:DB8::1]", "[2001:db8::1]"),
        ])
    func canonical(text: String, expected: String) throws {
        #expect(try HostPattern(text).description == expected)
    }

    @Test(
        "a wildcard covers one label more, whatever it is",
        arguments: [
            ("a.b", "a.b", true), ("a.b", "b", false), ("a.b", "x.a.b", false), ("*.a.b", "x.a.b", true),
            ("*.a.b", "a.b", false), ("*.a.b", "y.x.a.b", false), ("*.a.b", ".a.b", false), ("*.b", "a.b", true),
            ("*.b", "b", false), ("[::1]", "[::1]", true),
        ])
    func covers(pattern: String, host: String, expected: Bool) throws {
        #expect(try HostPattern(pattern).covers(host) == expected)
    }

    @Test(
        "what no request can have is refused",
        arguments: [
            ("", .empty), ("a:80", .hasPort), ("[::1]:80", .hasPort), ("a..b", .badLabel), (".", .badLabel),
            ("a b", .badCharacter), ("é.com", .badCharacter), ("a.*.com", .badWildcard), ("*", .badWildcard),
            ("*a.com", .badWildcard), ("*.*.com", .badWildcard), ("*.", .badWildcard), ("[zz]", .badCharacter),
            ("[::1", .badCharacter), (String(repeating: "a", count: 64), .badLabel),
        ] as [(String, HostPattern.Failure)])
    func refused(text: String, failure: HostPattern.Failure) {
        let error = #expect(throws: HostPattern.Failure.self) { _ = try HostPattern(text) }
        #expect(error == failure)
        #expect(error?.message.isEmpty == false)
    }
}
