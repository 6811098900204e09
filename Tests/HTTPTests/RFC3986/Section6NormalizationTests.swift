import Bytes
import HTTP
import Testing

@Suite("RFC 3986 section 6: Normalization of paths")
struct Section6NormalizationTests {
    private func canonical(_ path: String) throws -> String {
        var output: [UInt8] = []
        _ = try PathCanonicalizer.canonicalize(Array(path.utf8).span, into: &output)
        return output.text
    }

    @Test(
        "Unreserved characters are decoded, digits are upper case, dot segments are resolved",
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/%61%2d%7E", "/a-~"), ("/a%c3%a9", "/a%C3%A9"), ("/a%2fb", "/a%2Fb"),
            ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/b/..", "/a/"), ("/a/.", "/a/"), ("/a/%2e%2E/b", "/b"),
            ("/.", "/"),
            ("/a/..", "/"), ("/...", "/..."), ("/.a/..b", "/.a/..b"), ("/a|b\"", "/a%7Cb%22"), ("/a//b/../c", "/a//c"),
            ("/a;x/../b", "/b"), ("/a%20b", "/a%20b"), ("/a:@!$&'()*+,=", "/a:@!$&'()*+,="),
        ])
    func canonical(sent: String, path: String) throws {
        #expect(try canonical(sent) == path)
        #expect(try canonical(path) == path, "a canonical path stays as it is")
    }

    @Test(
        "Paths without a safe reading are refused",
        arguments: [
            ("/..", ParseError.pathAboveRoot), ("/a/../..", .pathAboveRoot), ("/%2e%2e/a", .pathAboveRoot),
            ("/a\\b", .pathBackslash), ("/a#b", .pathFragment), ("/é", .pathForbiddenCharacter),
            ("/%00", .pathForbiddenCharacter),
            ("/%0a", .pathForbiddenCharacter), ("/%2500", .pathForbiddenCharacter), ("/%", .pathInvalidEscape),
            ("/%4", .pathInvalidEscape), ("/%4g", .pathInvalidEscape), ("/a/%2e%2e%2fb", .pathDisguisedDots),
            ("/a/..;/b", .pathDisguisedDots), ("/a/..;x=1/b", .pathDisguisedDots), ("/a/.%20/b", .pathDisguisedDots),
            ("/a/..%5cb", .pathDisguisedDots), ("/a/..%2Fb", .pathDisguisedDots),
            ("/a/%252e%252e/b", .pathDisguisedDots),
            ("/a/%25252e%25252e/b", .pathDisguisedDots), ("/a/..%3b/b", .pathDisguisedDots),
            ("/a//../b", .pathDisguisedDots),
            ("/a%2Fb/../c", .pathDisguisedDots), ("/a/..%20;/b", .pathDisguisedDots),
        ])
    func refused(sent: String, error: ParseError) {
        #expect(throws: error) { try canonical(sent) }
        #expect(error.rejection == .ambiguousPath)
    }
}
