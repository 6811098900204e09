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
    /// The listener that requests come to.
    let listener: ListenerSettings

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
    ///   - top: keys of the top level besides the usual, each with a comma behind it.
    ///   - listener: keys of the listener besides its address.
    ///   - change: what to make of the configuration that was read.
    /// - Throws: what is wrong with them.
    init(
        routes: String, upstream: String = "", issuer: String = "", top: String = "", listener: String = "",
        change: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws {
        mint = try TokenMint()
        let keys = mint.key.publicKeySet()
        let text = """
            { "version": 1, \(top) "listeners": [{ "address": "127.0.0.1:0"\(listener) }],
              "scopes": { "read": "R", "list": "L" }, "roles": { "reader": { "scopes": ["read"] } },
              "issuers": { "main": { "issuer": "https://issuer.test", "audience": ["api"], "algorithms": ["ES256"],
                "keys": { "jwks_file": "keys.json" }\(issuer) },
                "other": { "issuer": "https://other.test", "audience": ["api"], "algorithms": ["ES256"],
                "keys": { "jwks_file": "keys.json" } } },
              "upstreams": { "u": { "servers": ["http://127.0.0.1:1"]\(upstream) },
                "v": { "servers": ["http://127.0.0.1:2"] } },
              "route_defaults": { "upstream": "u" }, "routes": [ \(routes) ] }
            """
        let surroundings = Surroundings(environment: { _ in nil }, contentsOfFile: { _ in .success(keys) })
        var configuration = try GatewayConfiguration.read(
            Array(text.utf8), file: "gateway.json", surroundings: surroundings)
        change(&configuration)
        evaluator = try Evaluator(configuration)
        self.listener = ListenerSettings(configuration.listeners[0], id: ListenerID.all(in: configuration)[0])
    }

    /// What becomes of a request; `fields` are further lines, each with its CRLF.
    func outcome(
        _ target: String, method: String = "GET", host: String = "x.test", fields: String = "", token: [UInt8]? = nil
    ) throws -> Outcome {
        let credential = token.map { "Authorization: Bearer \(String(decoding: $0, as: UTF8.self))\r\n" } ?? ""
        let head = Array("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\(credential)\(fields)\r\n".utf8)
        var request = Request()
        var parser = RequestParser(limits: MessageLimits())
        do throws(ParseError) {
            let length = try parser.parse(head.span, into: &request)
            #expect(length == head.count)
        } catch {
            return Outcome(route: Refusal.rejected(error).reason.rawValue, path: nil)
        }
        var verdict = Verdict()
        do throws(Refusal) {
            let permit = try evaluator.decide(request, at: listener, now: TokenMint.now, into: &verdict)
            #expect(permit.route == verdict.route?.index)
            let path = String(decoding: verdict.rewrittenPath ?? request.target.path, as: UTF8.self)
            return Outcome(
                route: verdict.wouldDeny.map { "shadow: \($0.rawValue)" } ?? verdict.route?.id ?? "", path: path)
        } catch {
            return Outcome(route: error.reason.rawValue, path: nil)
        }
    }
}
