import Bytes
import JOSE
import StrictJSON

/// Decodes issuers and reads their keys.
struct IssuerDecoder {
    let problems: ProblemCollector
    let surroundings: Surroundings
    let paths: PathBase

    /// The issuers whose keys could be read.
    func decode(_ map: Cursor?) -> [IssuerConfiguration] {
        var lines: [ExactText: Int] = [:]
        return (map?.members ?? []).compactMap { member in
            if let cursor = member.value["issuer"], let issuer = cursor.string, !issuer.isEmpty {
                if let line = lines[ExactText(issuer)] {
                    problems.report("the issuer on line \(line) has the same \"issuer\"", as: .usedTwice, at: cursor)
                } else {
                    lines[ExactText(issuer)] = problems.line(of: cursor)
                }
            }
            return decode(member.name, member.value)
        }
    }

    private func decode(_ name: String, _ cursor: Cursor) -> IssuerConfiguration? {
        let claims = decodeClaims(cursor["claims"])
        guard let (source, keys) = decodeKeys(cursor["keys"]) else { return nil }
        let audience = cursor["audience"]?.strings.map { AudienceConfiguration.oneOf($0) } ?? .any
        return IssuerConfiguration(
            name: name, issuer: cursor["issuer"]?.string ?? "", audience: audience,
            algorithms: (cursor["algorithms"]?.strings ?? []).compactMap { SignatureAlgorithm(name: $0) },
            keySource: source, keys: keys, claims: claims, requiredClaims: cursor["required_claims"]?.strings ?? [],
            clockSkew: cursor["clock_skew"]?.duration ?? .seconds(30),
            maximumLifetime: cursor["maximum_lifetime"]?.duration,
            requiresExpiry: cursor["require_expiry"]?.boolean ?? true,
            tokenType: cursor["token_type"]?.string, grant: cursor["grant"]?.choice(ScopeGrant.self))
    }

    private func decodeKeys(_ cursor: Cursor?) -> (KeySourceConfiguration, KeySet)? {
        if let file = cursor?["jwks_file"], let written = file.string, !written.isEmpty {
            let path = paths.resolve(written)
            switch surroundings.contentsOfFile(path) {
            case .failure(let error):
                problems.report("cannot read \"\(path)\": \(error.message)", as: .unreadable, at: file)
            case .success(let content):
                do {
                    return (.file(path), try KeySet(jwks: content.span))
                } catch {
                    problems.report("the keys in \"\(path)\" are not usable: \(error.description)", at: file)
                }
            }
        } else if let set = cursor?["jwks"], set.node.object != nil {
            do {
                return (.inline, try KeySet(set.node))
            } catch {
                problems.report("these keys are not usable: \(error.description)", at: set)
            }
        }
        return nil
    }

    private func decodeClaims(_ cursor: Cursor?) -> ClaimsConfiguration {
        var claims = ClaimsConfiguration()
        func paths(_ name: String) -> [[String]]? { cursor?[name]?.elements.compactMap(\.strings) }
        if let scopes = paths("scopes") { claims.scopes = scopes }
        if let roles = paths("roles") { claims.roles = roles }
        if let subject = paths("subject") { claims.subject = subject }
        if let client = paths("client") { claims.client = client }
        return claims
    }
}
