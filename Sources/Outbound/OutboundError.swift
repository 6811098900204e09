/// Why a service gave no answer, and at which stage.
package struct OutboundError: Error, Sendable, Equatable {
    /// How far it came.
    package enum Stage: String, Sendable, CaseIterable {
        /// The service's name was to be looked up.
        case lookUp = "dns"
        /// A connection to the service was to be opened.
        case connect
        /// The proxy was to be reached, or to lead to the service.
        case proxy
        case tls
        /// The request was sent, and what came is no good response.
        case http
    }

    package let stage: Stage
    /// What went wrong, for the operator; of what the service sent, at most the host that a redirect led to.
    package let detail: String

    package init(_ stage: Stage, _ detail: String) {
        self.stage = stage
        self.detail = detail
    }
}
