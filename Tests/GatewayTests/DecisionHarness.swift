import AccessLog
import Authentication
import Authorization
import Bytes
import Configuration
import HTTP
import JOSE
import TestSupport
import Testing

@testable import Gateway

/// An evaluator of a small configuration, and the walk of `Exchange` without its sockets.
struct DecisionHarness {
    let mint: TokenMint
    let evaluator: Evaluator

    struct Outcome: Equatable {
        /// `shadow` and the reason, the reason of a refusal, or else the route that the request is permitted on.
        let route: String
        /// The path that the upstream sees; nil if it sees nothing.
        let path: String?
    }

    /// - Parameters:
    ///   - routes: what stands in `routes`; `u` is their upstream by default.
    ///   - upstream: keys of the upstream `u` besides its server.
    ///   - issuer: keys of the issuer besides the usual.
    /// - Throws: what is wrong with them.
    init(routes: String, upstream: String = "", issuer: String = "") throws {
        mint = try TokenMint()
        let keys = mint.key.publicKeySet()
        let text = """
            { "version": 1, "listeners": [{ "address": "127.0.0.1:0" }],
              "scopes": { "read": "R", "list": "L" }, "roles": { "reader": { "scopes": ["read"] } },
              "issuers": { "main": { "issuer": "https://issuer.test", "audience": ["api"], "algorithms": ["ES256"],
                "keys": { "jwks_file": "keys.json" }\(issuer) },
                "other": { "issuer": "https://other.test", "audience": ["api"], "algorithms": ["ES256"],
                "keys": { "jwks_file": "keys.json" } } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"]\(upstream) },
                "v": { "servers": ["http://127.0.0.1:1"] } },
              "route_defaults": { "upstream": "u" }, "routes": [ \(routes) ] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(keys) })
        evaluator = try Evaluator(
            GatewayConfiguration.read(Array(text.utf8), file: "gateway.json", surroundings: surroundings))
    }

    /// What becomes of a request.
    func outcome(
        _ target: String, method: String = "GET", host: String = "x.test", token: [UInt8]? = nil
    ) throws -> Outcome {
        let credential = token.map { "Authorization: Bearer \(String(decoding: $0, as: UTF8.self))\r\n" } ?? ""
        let head = Array("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\(credential)\r\n".utf8)
        var request = Request()
        var parser = RequestParser(limits: MessageLimits())
        do throws(ParseError) {
            let length = try parser.parse(head.span, into: &request)
            #expect(length == head.count)
        } catch {
            return Outcome(route: Refusal.rejected(error).reason.rawValue, path: nil)
        }
        do throws(Refusal) {
            let route = try evaluator.match(request)
            var principal: Principal?
            var outcome = route.id
            do throws(Refusal) {
                principal = try evaluator.authenticate(request.fields, on: route, now: TokenMint.now)
                let permit = try evaluator.authorize(principal, on: route)
                #expect(permit.route == route.index)
            } catch {
                guard evaluator.shadowPermit(on: route) != nil else { throw error }
                outcome = "shadow: \(error.reason.rawValue)"
            }
            let path = try evaluator.rewrite(request, along: route, for: principal) ?? request.target.path
            return Outcome(route: outcome, path: String(decoding: path, as: UTF8.self))
        } catch {
            return Outcome(route: error.reason.rawValue, path: nil)
        }
    }
}
