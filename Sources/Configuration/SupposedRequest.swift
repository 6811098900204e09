package import StrictJSON

/// A request that somebody could send, for asking what would become of it.
package struct SupposedRequest: Sendable {
    /// What it is sent with.
    package enum Credential: Sendable {
        case none
        /// A token, as it is sent.
        case token([UInt8])
        /// The claims of a token whose signature is taken for good.
        case claims([JSONMember])
        /// The same, with all claims made that the issuer's tokens need; of the first issuer where none is named.
        case granted(scopes: [String], roles: [String], issuer: String?)
    }

    /// The method.
    package var method: String
    /// The target as it is sent.
    package var target: String
    /// What `Host` is; nil for `localhost`.
    package var host: String?
    /// What it is sent with.
    package var credential: Credential

    /// - Parameters:
    ///   - method: the method.
    ///   - target: the target as it is sent.
    ///   - host: what `Host` is.
    ///   - credential: what it is sent with.
    package init(method: String, target: String, host: String? = nil, credential: Credential = .none) {
        self.method = method
        self.target = target
        self.host = host
        self.credential = credential
    }

    /// Whether a part of a request has a CR or LF, by which it would not be that part alone.
    package static func holdsLineEnd(_ text: String) -> Bool {
        text.utf8.contains { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
    }
}
