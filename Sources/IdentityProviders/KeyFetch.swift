internal import HTTP
package import JOSE
package import Outbound
package import Transport

/// One attempt to get the keys of an issuer.
package struct KeyFetch {
    /// What it brings.
    package struct Outcome: Sendable {
        package let keys: KeySet
        /// Where they came from.
        package let url: ServiceURL
        /// The set as it came.
        package let text: [UInt8]
    }

    private let settings: RemoteKeysSettings
    private let client: any ServiceClient
    private let loop: EventLoop

    /// - Parameters:
    ///   - settings: where the keys come from.
    ///   - client: what the issuer is asked through.
    ///   - loop: the client's loop.
    package init(_ settings: RemoteKeysSettings, client: OutboundClient, loop: EventLoop) {
        self.init(settings, through: client, loop: loop)
    }

    init(_ settings: RemoteKeysSettings, through client: any ServiceClient, loop: EventLoop) {
        self.settings = settings
        self.client = client
        self.loop = loop
    }

    /// Fetches the keys; each request has the time that the settings say.
    ///
    /// - Parameter known: the URL that was discovered last; nil discovers it.
    /// - Returns: the keys.
    /// - Throws: `KeyFetchError`.
    package func run(known: ServiceURL?) async throws(KeyFetchError) -> Outcome {
        if case .url(let url) = settings.source { return try await keys(at: url) }
        if let known {
            // It may have moved, so that failing there is not the end.
            do throws(KeyFetchError) { return try await keys(at: known) } catch {}
        }
        return try await keys(at: discover())
    }

    // MARK: Discovery

    private func discover() async throws(KeyFetchError) -> ServiceURL {
        let urls: [ServiceURL]
        do throws(ServiceURLError) {
            urls = try ProviderMetadata.urls(of: ServiceURL(settings.issuer))
        } catch {
            throw KeyFetchError(.parse, url: settings.issuer, error.message)
        }
        var absences: [String] = []
        for url in urls {
            let response = try await get(url, maximumSize: ProviderMetadata.maximumSize)
            do throws(ProviderMetadata.Fault) {
                guard response.status == 200 else { throw .absent("status \(response.status)") }
                return try ProviderMetadata(response.content, settings).keysURL
            } catch {
                switch error {
                case .absent(let reason): absences.append("\(url): \(reason)\(response.formWords)")
                case .contradicts(let reason):
                    throw KeyFetchError(.parse, url: url.description, "the metadata is not good: \(reason)")
                }
            }
        }
        throw KeyFetchError(
            .parse, url: urls.first?.description ?? settings.issuer,
            "there is no metadata: \(absences.joined(separator: "; "))")
    }

    // MARK: Keys

    private func keys(at url: ServiceURL) async throws(KeyFetchError) -> Outcome {
        let response = try await get(url, maximumSize: KeySet.maximumSize)
        guard response.status == 200 else {
            throw KeyFetchError(.http, url: url.description, "status \(response.status)\(response.formWords)")
        }
        let keys: KeySet
        do throws(KeySetError) {
            keys = try KeySet(jwks: response.content.span)
        } catch {
            throw KeyFetchError(.parse, url: url.description, "\(error.description)\(response.formWords)")
        }
        // A secret that anybody can fetch is none.
        guard !keys.holdsSecrets else {
            throw KeyFetchError(.parse, url: url.description, "secrets instead of public keys")
        }
        return Outcome(keys: keys, url: url, text: response.content)
    }

    private func get(_ url: ServiceURL, maximumSize: Int) async throws(KeyFetchError) -> OutboundResponse {
        var request = OutboundRequest(.get, url)
        request.fields = [("Accept", "application/json")]
        do throws(OutboundError) {
            return try await client.send(
                request, maximumSize: maximumSize, until: loop.now + settings.client.timeout)
        } catch {
            throw KeyFetchError(error, url: url)
        }
    }
}

extension OutboundResponse {
    /// What form of content it has, where that helps to understand why it is of no use.
    fileprivate var formWords: String { mediaType == "text/html" ? " (text/html)" : "" }
}
