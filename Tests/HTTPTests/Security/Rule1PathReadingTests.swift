import Bytes
import HTTP
import Testing

@Suite("Rule 1: every reading of a path")
struct Rule1PathReadingTests {
    private func target(_ path: String) throws -> RequestTarget {
        try #require(try readRequest("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")).head.target
    }

    private func readings(_ path: String) throws -> Set<String> {
        Set(try target(path).readings().map { $0.path.text })
    }

    @Test(
        "Forms that servers read differently are told",
        arguments: [
            ("/a/b", PathForms()), ("/a%2fb", .encodedSlash), ("/a%5Cb", .encodedBackslash), ("/a//b", .emptySegments),
            ("//a", .emptySegments), ("/a;b", .parameters), ("/a%252Fb", .doubleEncoding),
            ("/a%25%32%46b", .doubleEncoding),
            ("/a%40b", .encodedReserved), ("/a%FFb", .invalidUTF8), ("/a%C3", .invalidUTF8),
            ("/a%C0%AFb", .invalidUTF8),
            ("/a%ED%A0%80", .invalidUTF8), ("/a%E2%82%AC", PathForms()), ("/100%25", PathForms()),
        ])
    func forms(path: String, forms: PathForms) throws {
        #expect(try target(path).forms == forms)
    }

    @Test("A query takes no part")
    func query() throws {
        #expect(try target("/a?b//c;d%2fe%252f").forms.isEmpty)
    }

    @Test(
        "Each form leads to the path that another server would see",
        arguments: [
            ("/a%2Fb", ["/a/b"]), ("/a%5Cb", ["/a/b"]), ("/a//b", ["/a/b"]), ("/a;x/b", ["/a/b"]),
            ("/a%252Fb", ["/a/b"]),
            ("/a%40b", ["/a@b"]), ("/a%2541", ["/aA"]), ("/a/%2Fb", ["/a//b", "/a/b"]), ("/;x/a", ["//a", "/a"]),
            ("/a;x%2Fb", ["/a", "/a;x/b", "/a/b"]), ("/a//b;c", ["/a/b", "/a/b;c", "/a//b"]),
        ])
    func readings(path: String, expected: [String]) throws {
        #expect(try readings(path).isSuperset(of: expected))
        #expect(try !readings(path).contains(path))
    }

    @Test("A reading names the forms that it depends on")
    func dependence() throws {
        let readings = try target("/a%2Fb//c").readings()
        #expect(readings.first { $0.path.text == "/a/b//c" }?.dependsOn == .encodedSlash)
        #expect(readings.first { $0.path.text == "/a%2Fb/c" }?.dependsOn == .emptySegments)
        #expect(readings.first { $0.path.text == "/a/b/c" }?.dependsOn == [.encodedSlash, .emptySegments])
    }

    @Test("The number of readings is bounded")
    func bound() throws {
        let path = String(repeating: "/a%2Fb%5Cc;d//e%252Ff%40", count: 20)
        #expect(try readings(path).count <= 160)
    }
}
