/// A set of known field names, one bit each.
package struct FieldNameSet: Sendable, Equatable {
    private var bits: UInt64 = 0

    /// The empty set.
    package init() {}

    /// - Parameter names: the names in the set.
    package init(_ names: FieldName...) {
        for name in names { insert(name) }
    }

    /// Whether the set is empty.
    package var isEmpty: Bool { bits == 0 }

    /// Whether `name` is in the set.
    @inline(__always)
    package func contains(_ name: FieldName) -> Bool { (bits &>> UInt64(name.rawValue)) & 1 == 1 }

    /// Adds `name`.
    package mutating func insert(_ name: FieldName) { bits |= 1 &<< UInt64(name.rawValue) }

    /// The names that are in one of the sets or in both.
    package func union(_ other: Self) -> Self { Self(bits: bits | other.bits) }

    /// The names that are in both sets.
    package func intersection(_ other: Self) -> Self { Self(bits: bits & other.bits) }

    /// Removes the names of `other`.
    package mutating func subtract(_ other: Self) { bits &= ~other.bits }

    private init(bits: UInt64) { self.bits = bits }

    /// What never crosses (RFC 9110 section 7.6.1), besides the fields that `Connection` names.
    package static let hopByHop = Self(
        .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .proxyAuthenticationInfo,
        .te, .transferEncoding, .upgrade, .http2Settings)

    /// What is for one connection of HTTP/1.1, and malformed in HTTP/2 (RFC 9113 section 8.2.2).
    package static let notInHTTP2 = Self(.connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade)

    /// What is said about the client by whoever forwards its request.
    package static let forwarding = Self(
        .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort, .xForwardedPrefix,
        .xForwardedServer, .xForwardedOther, .xRealIP)

    /// What the gateway writes itself, so that a client has no say in whether it crosses.
    package static let managed = forwarding.union(Self(.xRequestID, .via, .host, .contentLength))

    /// What a request may hold only once: recipients that take the first and those that take the last must agree.
    package static let single = Self(
        .host, .contentLength, .authorization, .dpop, .xRequestID, .xRealIP, .xForwardedProto, .xForwardedHost,
        .xForwardedPort, .xForwardedPrefix, .xForwardedServer)

    /// What has no effect, or a dangerous one, in a trailer section (RFC 9110 section 6.5.1).
    package static let notInTrailers = hopByHop.union(managed).union(
        Self(
            .trailer, .expect, .maxForwards, .authorization, .wwwAuthenticate, .dpop, .cookie, .setCookie,
            .methodOverride, .urlOverride, .cacheControl, .contentType, .contentEncoding, .date, .location, .retryAfter,
            .origin, .accessControlRequestMethod))

    /// What a trusted proxy says, and anybody else must not.
    static let believedFromProxies = forwarding.union(Self(.xRequestID))

    /// What a trusted proxy says that crosses as it came; the rest of it is understood and written anew.
    static let passedFromProxies = Self(.xForwardedPrefix, .xForwardedServer, .xForwardedOther)

    /// What asks the upstream to take the request for another.
    static let overrides = Self(.methodOverride, .urlOverride)

    /// Lines of a request that the gateway drops, or replaces by its own.
    static let notForwardedInRequests = hopByHop.union(believedFromProxies).union(overrides).union(
        Self(.host, .contentLength, .expect))

    /// Lines of a response that the gateway drops, or replaces by its own.
    static let notForwardedInResponses = hopByHop.union(Self(.contentLength, .xRequestID))
}
