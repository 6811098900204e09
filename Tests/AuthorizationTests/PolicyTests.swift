import Authentication
import Authorization
import TestSupport
import Testing

@Suite("decisions.md: scopes and roles")
struct PolicyTests {
    static let scopes = Vocabulary((0..<100).map { "s\($0)" })
    static let roles = [
        RoleDefinition(name: "viewer", scopes: ["s0"]),
        RoleDefinition(name: "editor", includes: ["viewer"], scopes: ["s1", "s99"]),
        RoleDefinition(name: "admin", includes: ["editor"]),
    ]

    static func principal(scopes: String = "", roles: [String] = []) throws -> Principal {
        let mint = try TokenMint()
        let authenticator = Authenticator(
            issuers: [try mint.issuer()], scopes: Self.scopes, roles: Vocabulary(Self.roles.map(\.name)))
        let list = roles.map { "\"\($0)\"" }.joined(separator: ",")
        let token = try mint.token(TokenMint.claims("\"scope\":\"\(scopes)\",\"roles\":[\(list)]"))
        return try authenticator.authenticate(token: token.span, now: TokenMint.now)
    }

    static func denial(_ access: Access, _ principal: Principal?, grant: Grant = .union) throws -> Denial? {
        let policy = try Policy(
            scopes: scopes, roles: roles, grant: grant, routes: [ProtectedRoute(access: access, upstream: 7)])
        do {
            let permit = try policy.permit(route: 0, principal: principal)
            #expect(permit.route == 0 && permit.upstream == 7)
            return nil
        } catch {
            return error
        }
    }

    @Test("public asks nobody, authenticated asks for any principal")
    func openRoutes() throws {
        #expect(try Self.denial(.public, nil) == nil)
        #expect(try Self.denial(.authenticated, nil) == .notAuthenticated(requiredScopes: []))
        #expect(try Self.denial(.authenticated, Self.principal()) == nil)
    }

    @Test("All scopes of a route are required")
    func allScopes() throws {
        let access = Access.restricted(Requirement(scopes: ["s99", "s2"]))
        #expect(try Self.denial(access, nil) == .notAuthenticated(requiredScopes: ["s99", "s2"]))
        #expect(try Self.denial(access, Self.principal(scopes: "s2 s99 s3")) == nil)
        let denial = try Self.denial(access, Self.principal(scopes: "s2 s98"))
        #expect(denial == .insufficientScope(required: ["s99", "s2"], missing: ["s99"]))
    }

    @Test("Of alternatives, the one that lacks the fewest is shown, ties in file order")
    func anyScopes() throws {
        let access = Access.restricted(Requirement(anyScopes: [["s1", "s2"], ["s3"], ["s4"]]))
        #expect(try Self.denial(access, Self.principal(scopes: "s3")) == nil)
        #expect(try Self.denial(access, Self.principal(scopes: "s1 s2")) == nil)
        let one = try Self.denial(access, Self.principal(scopes: "s1"))
        #expect(one == .insufficientScope(required: ["s1", "s2"], missing: ["s2"]))
        let none = try Self.denial(access, Self.principal())
        #expect(none == .insufficientScope(required: ["s3"], missing: ["s3"]))
    }

    @Test("Any of the roles is enough, and a role held through includes counts as held")
    func anyRole() throws {
        let access = Access.restricted(Requirement(roles: ["viewer", "admin"]))
        for role in ["viewer", "editor", "admin"] {
            #expect(try Self.denial(access, Self.principal(roles: [role])) == nil)
        }
        let admins = Access.restricted(Requirement(roles: ["admin"]))
        let denial = try Self.denial(admins, Self.principal(scopes: "s0", roles: ["editor", "root"]))
        #expect(denial == .insufficientRole(required: ["admin"]))
    }

    @Test("scopes and roles together: both must hold")
    func both() throws {
        let access = Access.restricted(Requirement(scopes: ["s5"], roles: ["editor"]))
        #expect(try Self.denial(access, Self.principal(scopes: "s5", roles: ["admin"])) == nil)
        #expect(try Self.denial(access, Self.principal(scopes: "s5"))?.reason.description == "insufficient_role")
        #expect(try Self.denial(access, Self.principal(roles: ["admin"]))?.reason.description == "insufficient_scope")
    }

    @Test(
        "grant says whose scopes count",
        arguments: [(Grant.union, "111"), (.token, "110"), (.roles, "011"), (.intersection, "010")])
    func grants(grant: Grant, expected: String) throws {
        // The token has s50 and s0; its role grants s0, and s99 through an include.
        let principal = try Self.principal(scopes: "s50 s0", roles: ["admin"])
        let results = try ["s50", "s0", "s99"].map { scope in
            try Self.denial(.restricted(Requirement(scopes: [scope])), principal, grant: grant) == nil ? "1" : "0"
        }
        #expect(results.joined() == expected)
    }

    @Test("A restriction that restricts nothing, and unknown names, make no policy")
    func broken() throws {
        func error(_ requirement: Requirement, roles: [RoleDefinition] = Self.roles) -> PolicyError? {
            do {
                let route = ProtectedRoute(access: .restricted(requirement), upstream: 0)
                _ = try Policy(scopes: Self.scopes, roles: roles, routes: [route])
                return nil
            } catch {
                return error
            }
        }
        #expect(error(Requirement()) == .emptyRequirement(route: 0))
        #expect(error(Requirement(anyScopes: [["s1"], []])) == .emptyRequirement(route: 0))
        #expect(error(Requirement(scopes: ["x"])) == .unknownScope("x"))
        #expect(error(Requirement(roles: ["x"])) == .unknownRole("x"))
        let cycle = [RoleDefinition(name: "a", includes: ["b"]), RoleDefinition(name: "b", includes: ["a"])]
        #expect(error(Requirement(roles: ["a"]), roles: cycle) == nil)
    }
}
