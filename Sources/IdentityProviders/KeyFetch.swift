internal import HTTP
package import JOSE
package import Outbound
internal import StrictJSON
package import Transport

/// Fetches the keys of one issuer, and remembers where they were found.
package final class KeyFetch {
    /// The keys of an issuer as they came.
    package struct Result: Sendable {
        /// The keys; none of them is a secret.
        package let keys: KeySet
        /// The JWK Set that they were read from, at most `KeySet.maximumSize` bytes.
        package let text: [UInt8]
        /// Where it was fetched from.
        package let url: ServiceURL
    }

    /// Where keys were found, and since when that is known.
    private struct Place {
        let url: ServiceURL
        let found: Instant
    }

    /// How long a provider's metadata holds.
    static let metadataLifetime = Nanoseconds.seconds(3600)

    private let settings: RemoteKeysSettings
    private let now: () -> Instant
    let client: any ServiceClient
    private var place: Place?
    /// The URL that was asked last; nil if none was.
    private(set) var url: ServiceURL?

    /// - Parameters:
    ///   - settings: whose keys, and how they are fetched.
    ///   - loop: where it runs.
    ///   - calls: threads that names are looked up on.
    package convenience init(_ settings: RemoteKeysSettings, loop: EventLoop, calls: BlockingCalls) {
        // There is no socket of this process to fall into: only a service that serves has some.
        let client = OutboundClient(settings.client, loop: loop, calls: calls, forbidden: [])
        self.init(settings, client: client, now: { loop.now })
    }

    /// - Parameters:
    ///   - settings: whose keys, and how they are fetched.
    ///   - client: what the provider is asked through.
    ///   - now: tells the time.
    init(_ settings: RemoteKeysSettings, client: any ServiceClient, now: @escaping () -> Instant) {
        self.settings = settings
        self.client = client
        self.now = now
    }

    /// Fetches the keys; takes at most twice as long as a request may.
    ///
    /// - Returns: the keys, at least one that can be used.
    /// - Throws: `ProviderError`.
    package func run() async throws(ProviderError) -> Result {
        let timeout = settings.client.timeout
        let deadline = now() + timeout + timeout
        if case .url(let url) = settings.source { return try await keys(from: url, until: deadline) }
        if let place, now().since(place.found) < Self.metadataLifetime {
            do throws(ProviderError) {
                return try await keys(from: place.url, until: deadline)
            } catch {
                self.place = nil
                // One who answers may have moved its keys; one who does not will not tell where to.
                guard error.stage == .http || error.stage == .parse else { throw error }
            }
        }
        let found = try await discover(until: deadline)
        let result = try await keys(from: found, until: deadline)
        place = Place(url: found, found: now())
        return result
    }

    // MARK: Discovery

    private func discover(until deadline: Instant) async throws(ProviderError) -> ServiceURL {
        let places: [ServiceURL]
        do throws(ServiceURLError) {
            places = try ProviderMetadata.places(of: settings.issuer)
        } catch {
            throw ProviderError(.parse, url: settings.issuer, "no metadata can be found: \(error.message)")
        }
        var absent: [ProviderError] = []
        for place in places {
            let response = try await ask(place, maximumSize: ProviderMetadata.maximumSize, until: deadline)
            do throws(MetadataFault) {
                return try ProviderMetadata(response, for: settings).keys
            } catch {
                switch error {
                case .absent(let fault):
                    absent.append(ProviderError(fault.stage, url: place.description, fault.detail))
                case .wrong(let detail): throw ProviderError(.parse, url: place.description, detail)
                }
            }
        }
        let details = absent.map { "\($0.url): \($0.detail)" }.joined(separator: "; ")
        throw ProviderError(absent.last?.stage ?? .http, url: settings.issuer, "no metadata: \(details)")
    }

    // MARK: Keys

    private func keys(from url: ServiceURL, until deadline: Instant) async throws(ProviderError) -> Result {
        let response = try await ask(url, maximumSize: KeySet.maximumSize, until: deadline)
        do throws(AnswerFault) {
            return Result(keys: try Self.keys(in: response), text: response.content, url: url)
        } catch {
            throw ProviderError(error.stage, url: url.description, error.detail)
        }
    }

    private static func keys(in response: OutboundResponse) throws(AnswerFault) -> KeySet {
        let document = try response.object(depth: 8, maximumSize: KeySet.maximumSize)
        return try KeySet(fetched: document)
    }

    private func ask(
        _ url: ServiceURL, maximumSize: Int, until deadline: Instant
    ) async throws(ProviderError) -> OutboundResponse {
        self.url = url
        var request = OutboundRequest(.get, url)
        request.fields = [("Accept", "application/json, application/jwk-set+json")]
        do throws(OutboundError) {
            return try await client.send(
                request, maximumSize: maximumSize, until: min(deadline, now() + settings.client.timeout))
        } catch {
            throw ProviderError(error, url: url)
        }
    }
}

extension KeySet {
    /// Takes a set that was fetched. What everybody can fetch is no secret, even one that would not be used.
    ///
    /// - Throws: `AnswerFault` of the stage `parse`.
    init(fetched document: JSONNode) throws(AnswerFault) {
        guard document["keys"]?.array?.contains(where: { $0["kty"]?.string == "oct" }) != true else {
            throw AnswerFault(.parse, "the set has a secret (\"kty\": \"oct\")")
        }
        do throws(KeySetError) {
            try self.init(document)
        } catch {
            throw AnswerFault(.parse, "\(error)")
        }
    }
}
