import Configuration
import HTTP
import StrictJSON
import TestSupport
import Testing

@testable import Gateway

@Suite("RFC 9728: what OAuth clients are told of the resources")
struct ResourceDocumentsTests {
    private static let routes = """
        { "id": "read", "path": "/items/{id}", "methods": ["GET"], "scopes": ["read"] },
        { "id": "write", "path": "/items/{id}", "methods": ["PUT"], "any_scopes": [["list"], ["read"]] },
        { "id": "news", "path": "/items/news", "public": true },
        { "id": "mcp", "path": "/mcp", "authenticated": true, "issuers": ["other"], "trailing_slash": "either" },
        { "id": "half", "path": "/half", "methods": ["GET"], "public": true },
        { "id": "half.purge", "path": "/half", "methods": ["PURGE"], "roles": ["reader"], "issuers": ["main"] },
        { "id": "encoded", "path": "/a%20b/{rest...}", "scopes": ["list"] },
        { "id": "root", "path": "/", "scopes": ["list"] },
        { "id": "keys", "path": "/keys", "authenticated": true, "issuers": ["api_keys"] },
        { "id": "wild", "path": "/wild", "host": "*.test", "authenticated": true },
        { "id": "away", "path": "/away", "host": "other.test", "authenticated": true },
        { "id": "shadow", "path": "/shadow", "scopes": ["read"], "shadow": true }
        """
    private static let both = #"["https://issuer.test","https://other.test"]"#
    private let decisions: DecisionHarness
    private let documents: ResourceDocuments

    init() throws {
        (decisions, documents) = try Self.documents(Self.routes)
    }

    private static func documents(
        _ routes: String, change: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws -> (DecisionHarness, ResourceDocuments) {
        var documents: ResourceDocuments?
        let decisions = try DecisionHarness(
            routes: routes,
            top: """
                "api_keys": { "header": "X-Key", "keys": {
                  "ci": { "hash": "sha256:\(String(repeating: "0", count: 64))", "roles": ["reader"] } } },
                """, listener: #", "external_url": "https://api.test:8443/""#
        ) { configuration in
            change(&configuration)
            documents = configuration.listeners[0].publishedURL.map { ResourceDocuments(configuration, behind: $0) }
        }
        return (decisions, try #require(documents))
    }

    /// Where the document of a resource is.
    private static func place(_ resource: String) -> [UInt8] {
        Array("/.well-known/oauth-protected-resource\(resource)".utf8)
    }

    private func document(_ path: String) -> String? {
        documents.document(at: Self.place(path), in: decisions.evaluator).map { String(decoding: $0, as: UTF8.self) }
    }

    private func expected(_ path: String, _ issuers: String, _ scopes: String?) -> String {
        let scopes = scopes.map { #","scopes_supported":\#($0)"# } ?? ""
        return #"{"resource":"https://api.test:8443\#(path)","authorization_servers":\#(issuers)"#
            + scopes + #","bearer_methods_supported":["header"]}"#
    }

    @Test("section 2: the members are those of all protected routes that begin with a path")
    func members() {
        #expect(document("/items") == expected("/items", Self.both, #"["read","list"]"#))
        #expect(document("/mcp") == expected("/mcp", #"["https://other.test"]"#, nil))
        #expect(document("/half") == expected("/half", #"["https://issuer.test"]"#, nil))
        #expect(document("/wild") == expected("/wild", Self.both, nil))
        #expect(document("/shadow") == expected("/shadow", Self.both, #"["read"]"#))
        #expect(document("/a%20b") == expected("/a%20b", Self.both, #"["list"]"#))
    }

    @Test("the resource at the root is all of them, and its identifier ends without a slash (section 3.1)")
    func root() {
        let all = expected("", Self.both, #"["read","list"]"#)
        #expect(document("") == all)
        #expect(document("/") == all)
    }

    @Test("section 3.3: the document of a path that a template has names that very path")
    func belowTemplate() {
        #expect(document("/items/42") == expected("/items/42", Self.both, #"["read","list"]"#))
        #expect(document("/mcp/") == expected("/mcp/", #"["https://other.test"]"#, nil))
        #expect(document("/a%20b/c/%22") == expected("/a%20b/c/%22", Self.both, #"["list"]"#))
        #expect(document("/items/\"\\") == expected("/items/\\\"\\\\", Self.both, #"["read","list"]"#))
    }

    @Test("there is none for public, unknown and other hosts' paths, nor where only API keys are good")
    func none() {
        for path in ["/items/news", "/keys", "/away", "/nowhere", "/items/1/2", "//", "/MCP", "/items/", "items"] {
            #expect(document(path) == nil, "\(path)")
        }
    }

    @Test("section 5.1: the challenge of a route names the document of its beginning")
    func challenges() {
        let place = "https://api.test:8443/.well-known/oauth-protected-resource"
        let urls = decisions.evaluator.routes.map { route in
            documents.url(along: route).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            urls == [
                place + "/items", place + "/items", nil, place + "/mcp", nil, place + "/half", place + "/a%20b", place,
                nil, place + "/wild", nil, place + "/shadow",
            ])
    }

    @Test("an issuer whose name is no URL is none that a client could ask")
    func issuers() throws {
        let (decisions, documents) = try Self.documents(Self.routes) { $0.issuers[1].issuer = "urn:other" }
        func document(_ path: String) -> String? {
            documents.document(at: Self.place(path), in: decisions.evaluator).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(document("/mcp") == nil)
        #expect(document("/items") == expected("/items", #"["https://issuer.test"]"#, #"["read","list"]"#))
    }

    @Test("without protected routes there is nothing to tell")
    func publicOnly() throws {
        let (decisions, documents) = try Self.documents(#"{ "id": "all", "path": "/{rest...}", "public": true }"#)
        for path in ["", "/", "/a"] {
            #expect(documents.document(at: Self.place(path), in: decisions.evaluator) == nil)
        }
    }

    @Test("with a route for everything, every path has the document of the root")
    func everything() throws {
        let (decisions, documents) = try Self.documents(#"{ "id": "all", "path": "/{rest...}", "scopes": ["read"] }"#)
        let document = documents.document(at: Self.place("/mcp/x"), in: decisions.evaluator)
        #expect(document.map { String(decoding: $0, as: UTF8.self) } == expected("/mcp/x", Self.both, #"["read"]"#))
        let url = documents.url(along: decisions.evaluator.routes[0])
        #expect(url == Array("https://api.test:8443/.well-known/oauth-protected-resource".utf8))
    }

    @Test("the paths are the gateway's on listeners with an external URL, unless these do not want them")
    func builtInPath() throws {
        var configuration: GatewayConfiguration?
        let (decisions, documents) = try Self.documents(Self.routes) { configuration = $0 }
        var listener = try #require(configuration?.listeners[0])
        let id = ListenerID(address: listener.address, number: 0)
        let publishing = ListenerSettings(listener, id: id, resources: documents)
        let base = "/.well-known/oauth-protected-resource"
        for path in [base, base + "/", base + "/items", base + "/a/b"] {
            #expect(decisions.evaluator.builtInPath(path.utf8.span, on: publishing) == .resourceMetadata)
            #expect(decisions.evaluator.builtInPath(path.utf8.span, on: nil) == .resourceMetadata)
            #expect(decisions.evaluator.builtInPath(path.utf8.span, on: decisions.listener) == nil)
        }
        for path in [base + "s", String(base.dropLast()), "/x" + base, base.uppercased()] {
            #expect(decisions.evaluator.builtInPath(path.utf8.span, on: publishing) == nil)
        }
        listener.publishesResourceMetadata = false
        configuration?.listeners[0] = listener
        #expect(configuration?.builtInPaths.isEmpty == true)
    }
}
