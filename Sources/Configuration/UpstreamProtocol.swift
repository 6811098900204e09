import TLS

/// What is spoken with the servers of an upstream, as the configuration says it.
enum UpstreamProtocol: String, CaseIterable {
    case http11 = "http/1.1"
    /// HTTP/2 inside TLS.
    case h2
    /// HTTP/2 without TLS, by prior knowledge (RFC 9113 §3.3).
    case h2c

    /// The version of HTTP.
    var applicationProtocol: ApplicationProtocol { self == .http11 ? .http11 : .http2 }

    /// What is wrong with it for servers whose URLs have a scheme; nil if nothing is.
    func problem(with scheme: URLScheme) -> String? {
        switch (self, scheme) {
        case (.h2, .http): "\"h2\" is HTTP/2 inside TLS: write \"https\" in the URLs of the servers, or \"h2c\" here"
        case (.h2c, .https): "\"h2c\" is HTTP/2 without TLS: write \"h2\" for servers with \"https\" URLs"
        default: nil
        }
    }
}
