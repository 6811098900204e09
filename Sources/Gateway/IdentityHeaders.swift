import Authentication
import Bytes
import Configuration

/// The fields that tell a route's upstream who makes a request.
struct IdentityHeaders {
    private enum Source {
        case part(PrincipalPart)
        /// A claim, by its position among those that principals keep.
        case claim(Int?)
    }

    private let fields: [(name: [UInt8], source: Source)]

    /// - Parameters:
    ///   - headers: what is configured for the route.
    ///   - claims: the claims that principals keep.
    init(_ headers: [IdentityHeaderConfiguration], claims: ToldClaims) {
        fields = headers.map { header in
            switch header.source {
            case .part(let part): (Array(header.name.utf8), .part(part))
            case .claim(let path): (Array(header.name.utf8), .claim(claims.position(of: path)))
            }
        }
    }

    var isEmpty: Bool { fields.isEmpty }

    /// Appends the lines; what the principal does not have leaves none.
    ///
    /// - Parameters:
    ///   - principal: who makes the request.
    ///   - scopes: the scopes that the principal was found to have.
    ///   - roles: the roles, likewise.
    ///   - output: what to append to.
    func append(
        _ principal: Principal, scopes: () -> [String], roles: () -> [String], to output: inout [UInt8]
    ) {
        for (name, source) in fields {
            let text: IdentityText =
                switch source {
                case .claim(let position?) where position < principal.claims.count: principal.claims[position]
                case .claim: IdentityText()
                case .part(.subject): IdentityText(words: [principal.subject ?? ""])
                case .part(.client): IdentityText(words: [principal.client ?? ""])
                case .part(.issuer): IdentityText(words: [principal.issuer])
                case .part(.tokenID): IdentityText(words: [principal.tokenID])
                case .part(.scopes): IdentityText(words: scopes())
                case .part(.roles): IdentityText(words: roles())
                }
            if text.bytes.isEmpty { continue }
            output += name
            output.append(": ")
            output += text.bytes
            output.append("\r\n")
        }
    }
}
