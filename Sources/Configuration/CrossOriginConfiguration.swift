/// Which pages of other origins may use a route (`cors`).
package struct CrossOriginConfiguration: Sendable, Equatable {
    /// The origins as browsers write them; `*` alone for any.
    package var origins: [String]
    /// The names of request fields that pages may set.
    package var headers: [String] = []
    /// The names of response fields that pages may read.
    package var exposed: [String] = []
    /// Whether browsers may send cookies and let pages read the responses to that.
    package var allowsCredentials = false
    /// How long browsers may keep the answer to a preflight; nil for as long as they like.
    package var maximumAge: Duration?

    /// Pages of any origin, with whatever fields, but without cookies.
    package static let everyPage = CrossOriginConfiguration(
        origins: ["*"], headers: ["*"], maximumAge: .seconds(3600))
}
