/// The URL of a service that the gateway itself asks something (RFC 9110 §4.2): `http` or `https`, without user information
/// and fragment.
package struct ServiceURL: Sendable, Hashable {
    /// Whether it is `https`.
    package let isSecure: Bool
    /// The host in lower case, without the brackets of an IPv6 address.
    package let host: String
    /// The port, also where it is the scheme's own.
    package let port: UInt16
    /// The path and the query as they go on the request line; at least `/`.
    package let target: String

    /// Reads a URL.
    ///
    /// - Parameter text: the whole URL, at most 2 048 bytes of printable ASCII.
    /// - Throws: `ServiceURLError`: what is wrong with it, for people.
    package init(_ text: String) throws(ServiceURLError) {
        throw ServiceURLError(message: "not written yet")
    }
}

/// Why a text is not the URL of a service.
package struct ServiceURLError: Error, Equatable, Sendable {
    /// What is wrong, for people.
    package let message: String

    package init(message: String) {
        self.message = message
    }
}
