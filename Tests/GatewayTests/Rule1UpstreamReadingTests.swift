import Testing

@testable import Gateway

@Suite("security.md, rule 1: what an upstream is declared to take for the same")
struct Rule1UpstreamReadingTests {
    private static let routes = """
        { "id": "items", "path": "/Items", "scopes": ["read"], "shadow": true },
        { "id": "item", "path": "/Items/{id}", "public": true },
        { "id": "admin", "path": "/admin/{rest...}", "scopes": ["list"] },
        { "id": "slash", "path": "/slash/", "public": true },
        { "id": "either", "path": "/either", "trailing_slash": "either", "public": true },
        { "id": "one", "path": "/{name}", "public": true },
        { "id": "rest", "path": "/{rest...}", "public": true, "allow": ["encoded_slash"] },
        { "id": "other", "path": "/Other/{rest...}", "scopes": ["list"], "upstream": "v" },
        { "id": "accent", "path": "/caf%C3%A9", "scopes": ["list"] },
        { "id": "kiosk", "path": "/kiosk", "scopes": ["list"] }
        """

    private func outcome(_ target: String, _ upstream: String) throws -> String {
        try DecisionHarness(routes: Self.routes, upstream: upstream).outcome(target).route
    }

    @Test(
        "upper and lower case",
        arguments: [
            ("/Items", "shadow: no_token", "shadow: no_token"), ("/items", "one", "ambiguous_path"),
            ("/ITEMS", "one", "ambiguous_path"), ("/Items/A", "item", "item"), ("/items/a", "rest", "ambiguous_path"),
            ("/ADMIN/x", "rest", "ambiguous_path"), ("/ADMIN%2Fx", "ambiguous_path", "ambiguous_path"),
            ("/Free", "one", "one"), ("/Free/X", "rest", "rest"), ("/oTHER/x", "rest", "ambiguous_path"),
            ("/CAF%C3%89", "one", "ambiguous_path"), ("/%E2%84%AAiosk", "one", "ambiguous_path"),
            ("/kio%C5%BFk", "one", "ambiguous_path"), ("/k%C4%B0osk", "one", "ambiguous_path"),
            ("/k%C4%B1osk", "one", "ambiguous_path"), ("/%D0%AFx", "one", "one"), ("/x/A%2FB", "rest", "rest"),
        ])
    func letterCase(target: String, plain: String, folded: String) throws {
        #expect(try outcome(target, "") == plain)
        #expect(try outcome(target, #", "case_insensitive_paths": true"#) == folded)
    }

    @Test(
        "a slash at the end",
        arguments: [
            ("/slash/", "slash", "slash"), ("/slash", "one", "ambiguous_path"), ("/either", "either", "either"),
            ("/either/", "either", "either"), ("/kiosk/", "rest", "ambiguous_path"),
            ("/admin/x/", "no_token", "no_token"),
            ("/free", "one", "one"), ("/free/", "rest", "ambiguous_path"), ("/free/x/", "rest", "rest"),
            ("/kiosk//", "rest", "ambiguous_path"),
        ])
    func trailingSlash(target: String, plain: String, folded: String) throws {
        #expect(try outcome(target, "") == plain)
        #expect(try outcome(target, #", "ignores_trailing_slash": true"#) == folded)
    }

    @Test("both together")
    func both() throws {
        let keys = #", "case_insensitive_paths": true, "ignores_trailing_slash": true"#
        #expect(try outcome("/SLASH", keys) == "ambiguous_path")
        #expect(try outcome("/KIOSK/", keys) == "ambiguous_path")
        #expect(try outcome("/Items/", keys) == "ambiguous_path")
        #expect(try outcome("/Items/A", keys) == "item")
    }
}
