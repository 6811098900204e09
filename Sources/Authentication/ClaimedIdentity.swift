internal import Bytes
internal import JOSE
internal import StrictJSON

/// What the claims say about who it is, found by the issuer's mapping.
struct ClaimedIdentity {
    private(set) var subject: String?
    private(set) var client: String?
    private(set) var scopes: [String] = []
    private(set) var roles: [String] = []
    /// What upstreams are told, one for each path.
    private(set) var told: [IdentityText] = []

    /// - Parameters:
    ///   - claims: the claims, an object.
    ///   - mapping: where to look.
    ///   - toldPaths: the claims that upstreams are told, whatever their shape.
    /// - Throws: `TokenError.malformed(.claimType)` if what is found is of another shape than it must have.
    init(_ claims: JSONNode, mapping: ClaimMapping, telling toldPaths: [[String]]) throws(TokenError) {
        subject = try Self.firstText(at: mapping.subject, in: claims)
        client = try Self.firstText(at: mapping.client, in: claims)
        for path in mapping.scopes {
            guard let node = Self.node(at: path, in: claims) else { continue }
            if let text = node.string {
                Self.add(text.utf8.span, to: &scopes)
            } else {
                try Self.addAll(node, to: &scopes)
            }
        }
        for path in mapping.roles {
            guard let node = Self.node(at: path, in: claims) else { continue }
            if let text = node.string {
                roles.append(text)
            } else {
                try Self.addAll(node, to: &roles)
            }
        }
        for path in toldPaths {
            told.append(Self.node(at: path, in: claims).map(IdentityText.init(claim:)) ?? IdentityText())
        }
    }

    private static func node(at path: [String], in claims: JSONNode) -> JSONNode? {
        var node = claims
        for key in path {
            guard let next = node[key] else { return nil }
            node = next
        }
        return node
    }

    private static func firstText(at paths: [[String]], in claims: JSONNode) throws(TokenError) -> String? {
        for path in paths {
            guard let node = node(at: path, in: claims) else { continue }
            guard let text = node.string else { throw .malformed(.claimType) }
            return text
        }
        return nil
    }

    /// Adds the scopes in `text`, which are separated by spaces (RFC 6749 §3.3).
    private static func add(_ text: Span<UInt8>, to scopes: inout [String]) {
        scopes.reserveCapacity(scopes.count + 4)
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: UInt8(ascii: " "), from: start) ?? text.count
            if end > start { scopes.append(text.extracting(start..<end).text) }
            start = end + 1
        }
    }

    private static func addAll(_ node: JSONNode, to names: inout [String]) throws(TokenError) {
        guard let elements = node.array else { throw .malformed(.claimType) }
        for element in elements {
            guard let name = element.string else { throw .malformed(.claimType) }
            names.append(name)
        }
    }
}
