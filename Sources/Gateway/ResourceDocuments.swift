import Authentication
import Bytes
import Configuration
import Routing
import StrictJSON

/// What OAuth clients are told of the resources behind one external URL: where to get tokens, and for which scopes (RFC 9728).
///
/// There is a document for each literal path that protected routes begin with, such as `/items` for `/items/{id}`, and one for all of
/// them together. A route that no issuer with a URL is accepted on has none: no client could get a token for it. Documents
/// differ in little but the name of the resource, so that only the rest is kept, once for all that share it.
final class ResourceDocuments {
    /// Issuers and scopes, by position.
    private struct Requirements: Hashable {
        var issuers = NameSet()
        var scopes = NameSet()
    }

    /// Where documents are, as far as it is in front of the path of a resource.
    private let location: [UInt8]
    private let origin: [UInt8]
    private let host: [UInt8]
    /// What follows the name of the resource in documents.
    private var members: [[UInt8]] = []
    /// For each literal path, which of `members` its document has; the path of the resource `origin` is empty.
    private var documents: [[UInt8]: Int] = [:]
    /// For each route, the literal path that it begins with; nil if it has no document.
    private let paths: [[UInt8]?]

    /// - Parameters:
    ///   - configuration: the routes and issuers.
    ///   - url: how clients name the listener; routes for another host do not count.
    init(_ configuration: GatewayConfiguration, behind url: ExternalURL) {
        origin = Array(url.origin.utf8)
        host = Array(url.host.utf8)
        location = origin + Array(BuiltInPath.resourceMetadata.path.utf8)
        let names = Vocabulary(configuration.issuerNames)
        let scopes = Vocabulary(configuration.scopes.map(\.name))
        var servers = NameSet()
        for (index, issuer) in configuration.issuers.enumerated()
        where issuer.issuer.hasPrefix("https://") || issuer.issuer.hasPrefix("http://") { servers.insert(index) }
        var requirements: [[UInt8]: Requirements] = [:]
        paths = configuration.routes.map { route in
            let issuers = route.issuers.map { names.set(of: $0).intersection(servers) } ?? servers
            guard route.access != .everyone, route.host?.covers(url.host) ?? true, !issuers.isEmpty else { return nil }
            let path = route.pattern.literalPath
            // A slash that follows the host alone makes no difference (RFC 9728 §3.1).
            let key = path == "/" ? [] : Array(path.utf8)
            for place in [key, []] {
                requirements[place, default: Requirements()].issuers.formUnion(issuers)
                requirements[place, default: Requirements()].scopes.formUnion(scopes.set(of: route.access.scopes))
            }
            return key
        }
        var numbers: [Requirements: Int] = [:]
        for (path, requirement) in requirements {
            let number = numbers[requirement] ?? members.count
            if number == members.count {
                numbers[requirement] = number
                members.append(Self.members(requirement, configuration))
            }
            documents[path] = number
        }
    }

    /// The members behind the first, each with a comma in front of it, and the end of the object.
    private static func members(_ requirements: Requirements, _ configuration: GatewayConfiguration) -> [UInt8] {
        let issuers = configuration.issuers.enumerated().filter { requirements.issuers.contains($0.offset) }
        let scopes = configuration.scopes.enumerated().filter { requirements.scopes.contains($0.offset) }
        var members: [(String, JSONValue)] = []
        members.append(("authorization_servers", .elements(issuers.map { .string($0.element.issuer) })))
        // What has no elements is left out (RFC 9728 §3.2).
        if !scopes.isEmpty { members.append(("scopes_supported", .elements(scopes.map { .string($0.element.name) }))) }
        members.append(("bearer_methods_supported", .elements([.string("header")])))
        return [UInt8(ascii: ",")] + JSONValue.members(members).line.dropFirst()
    }

    /// The document of a resource, which names that very resource (RFC 9728 §3.3).
    ///
    /// Nothing is permitted by it, so that no other reading of the path is looked at.
    ///
    /// - Parameters:
    ///   - place: the canonical path of the document, with that of the resource behind; nothing or a slash there stands for
    ///     all resources together.
    ///   - evaluator: finds the routes of a path that is not the beginning of a template.
    /// - Returns: nil if there is no such resource, or only public ones.
    func document(at place: [UInt8], in evaluator: Evaluator) -> [UInt8]? {
        let path = Array(place.dropFirst(BuiltInPath.resourceMetadata.path.utf8.count))
        let resource = path == [UInt8(ascii: "/")] ? [] : path
        guard let number = documents[resource] ?? documents[beginning(of: resource, in: evaluator) ?? resource] else {
            return nil
        }
        var document: [UInt8] = []
        document.append("{\"resource\":\"")
        document.append(jsonText: (origin + resource).span)
        document.append("\"")
        return document + members[number]
    }

    /// The literal path that a protected route of a path begins with; nil if there is no such route.
    private func beginning(of path: [UInt8], in evaluator: Evaluator) -> [UInt8]? {
        let host = host
        return evaluator.owners(of: path.span, on: host.span).lazy.compactMap { self.paths[$0] }.first
    }

    /// Where the document is that tells of a route; nil if there is none.
    func url(along route: GatewayRoute) -> [UInt8]? {
        paths[route.index].map { location + $0 }
    }
}

extension AccessConfiguration {
    /// The scopes that help on a route: with roles, only the issuer knows.
    fileprivate var scopes: [String] {
        guard case .restricted(let requirement) = self else { return [] }
        return requirement.scopes + requirement.anyScopes.flatMap(\.self)
    }
}
