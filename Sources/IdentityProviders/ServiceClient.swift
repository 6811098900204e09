internal import Outbound
internal import Transport

/// What providers are asked through: the gateway's own client, or that of a test.
protocol ServiceClient: AnyObject {
    func send(
        _ request: OutboundRequest, maximumSize: Int, until deadline: Instant
    ) async throws(OutboundError) -> OutboundResponse
    func sweep()
    func retire()
}

extension OutboundClient: ServiceClient {}

extension ProviderError {
    /// A provider that gave no answer.
    init(_ error: OutboundError, url: ServiceURL) {
        let stage: Stage =
            switch error.stage {
            case .lookUp: .lookUp
            case .connect: .connect
            case .proxy: .proxy
            case .tls: .tls
            case .http: .http
            }
        self.init(stage, url: url.description, error.detail)
    }
}
