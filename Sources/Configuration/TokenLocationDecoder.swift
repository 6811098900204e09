/// Decodes where tokens may stand besides `Authorization`.
struct TokenLocationDecoder {
    let problems: ProblemCollector
    /// The field that may carry an API key.
    let apiKeyHeader: String?

    func decode(_ cursor: Cursor?) -> TokenLocationsConfiguration {
        if let place = cursor?["header"], let header = place.string,
            header.lowercased() == apiKeyHeader?.lowercased()
        {
            problems.report("\"\(header)\" carries API keys, see \"api_keys\"", as: .contradiction, at: place)
        }
        return TokenLocationsConfiguration(
            header: cursor?["header"]?.string, cookie: cursor?["cookie"]?.string,
            webSocketProtocol: cursor?["websocket_protocol"]?.string)
    }
}
