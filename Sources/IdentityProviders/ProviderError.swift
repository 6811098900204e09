/// Why a provider gave no answer that is of use, and at which stage.
package struct ProviderError: Error, Sendable, Equatable {
    package enum Stage: String, Sendable {
        case lookUp = "dns"
        case connect
        case proxy
        case tls
        case http
        /// The answer came, and is not what it must be.
        case parse
    }

    package let stage: Stage
    /// What was asked for.
    package let url: String
    /// What went wrong, for the operator; cut off where it is too long, as some of it may be the provider's own words, such as
    /// the name of a key.
    package let detail: String

    /// How many characters of Unicode a detail has at most.
    static let maximumDetail = 1000

    package init(_ stage: Stage, url: String, _ detail: String) {
        self.stage = stage
        self.url = url
        self.detail = String(detail.unicodeScalars.prefix(Self.maximumDetail))
    }
}
