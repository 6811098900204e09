import Authentication
import Authorization
import Bytes
import HTTP
import TokenEndpoint

/// The `WWW-Authenticate` value of a refusal (RFC 6750 §3); nothing in it comes from the client.
struct Challenge {
    let refusal: Refusal
    let realm: String
    /// What the route asks for, in file order; empty if no route was found or it asks for none.
    let scopes: [String]
    /// The URL of what OAuth clients are told of the route (RFC 9728 §5.1); nil if nothing is.
    var resourceMetadata: [UInt8]?

    /// Appends the value.
    ///
    /// - Returns: false if the refusal has no challenge; nothing is appended then.
    func append(to output: inout [UInt8], hidesUnmatched: Bool) -> Bool {
        switch refusal {
        case .tokenRefused(.invalidClient):
            output.append("Basic realm=")
            appendQuoted(realm.utf8, to: &output)
        case .noToken, .denied(.notAuthenticated):
            begin(&output)
            appendScopes(scopes, to: &output)
            appendMetadata(to: &output)
        case .unusableToken(let error) where !error.isUndecided:
            begin(&output)
            append("error", "invalid_token", to: &output)
            append("error_description", error.description, to: &output)
            appendScopes(scopes, to: &output)
            appendMetadata(to: &output)
        case .denied(.insufficientScope(let required, _)):
            begin(&output)
            append("error", "insufficient_scope", to: &output)
            appendScopes(required, to: &output)
            appendMetadata(to: &output)
        case .ambiguousCredentials:
            begin(&output)
            append("error", "invalid_request", to: &output)
        case .denied(.insufficientRole):
            begin(&output)
            append("error", "insufficient_scope", to: &output)
            appendMetadata(to: &output)
        case .noRoute where hidesUnmatched, .methodNotAllowed where hidesUnmatched:
            begin(&output)
        default:
            return false
        }
        return true
    }

    private func begin(_ output: inout [UInt8]) {
        output.append("Bearer realm=")
        appendQuoted(realm.utf8, to: &output)
    }

    private func append(_ name: StaticString, _ value: String, to output: inout [UInt8]) {
        output.append(", ")
        output.append(name)
        output.append("=")
        appendQuoted(value.utf8, to: &output)
    }

    private func appendScopes(_ scopes: [String], to output: inout [UInt8]) {
        guard !scopes.isEmpty else { return }
        output.append(", scope=\"")
        for (index, scope) in scopes.enumerated() {
            if index > 0 { output.append(UInt8(ascii: " ")) }
            output.append(contentsOf: scope.utf8)
        }
        output.append("\"")
    }

    private func appendMetadata(to output: inout [UInt8]) {
        guard let resourceMetadata else { return }
        output.append(", resource_metadata=")
        appendQuoted(resourceMetadata, to: &output)
    }

    /// Appends a quoted string (RFC 9110 §5.6.4).
    private func appendQuoted(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append("\"")
        for byte in text {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append(UInt8(ascii: "\\")) }
            output.append(byte)
        }
        output.append("\"")
    }
}
