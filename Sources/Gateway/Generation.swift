import Configuration
import HTTP
import TLS
import Transport
import Upstream

/// One worker's form of a configuration. A reload brings the next one; an exchange keeps to the one that it began with.
///
/// It is built on any thread, and then belongs to its worker's loop, so that no reference in it is shared between cores.
final class Generation {
    let evaluator: Evaluator
    let settings: GatewaySettings
    let fieldRules: FieldRules
    /// The built-in issuer; nil for none.
    let tokenService: TokenService?
    /// In the order of the destinations; empty until `begin`.
    private(set) var pools: [UpstreamPool] = []
    private let listeners: [ListenerID: ListenerSettings]
    private let destinations: UpstreamDestinations
    /// The TLS of those that are not inherited and have any.
    private let upstreamSecurity: [ClientTLSContext?]
    /// For each destination, the position of the same one in the predecessor.
    private let inherited: [Int?]
    private var spareExchanges: [Exchange] = []
    private var exchangeCount = 0
    private var isRetired = false

    /// - Parameters:
    ///   - configuration: what is to be enforced.
    ///   - predecessor: the configuration before, whose unchanged upstreams keep their connections.
    ///   - tickets: the keys of this process for sessions of TLS.
    /// - Throws: what the configuration's reader should have found: a fault of ours.
    init(
        _ configuration: GatewayConfiguration, after predecessor: GatewayConfiguration? = nil, tickets: TicketKeys
    ) throws(GenerationError) {
        do throws(EvaluatorError) {
            evaluator = try Evaluator(configuration)
        } catch {
            throw .policy(error)
        }
        settings = GatewaySettings(configuration)
        fieldRules = FieldRules(configuration)
        tokenService = TokenService(configuration, evaluator)
        var listeners: [ListenerID: ListenerSettings] = [:]
        var resources: [ExternalURL: ResourceDocuments] = [:]
        do throws(TLSError) {
            for (id, listener) in zip(ListenerID.all(in: configuration), configuration.listeners) {
                if let url = listener.publishedURL, resources[url] == nil {
                    resources[url] = ResourceDocuments(configuration, behind: url)
                }
                var tls: ServerTLSContext?
                if let settings = listener.tls { tls = try ServerTLSContext(settings, tickets: tickets) }
                listeners[id] = ListenerSettings(
                    listener, id: id, resources: listener.publishedURL.flatMap { resources[$0] }, tls: tls)
            }
        } catch {
            throw .tls(error)
        }
        self.listeners = listeners
        destinations = UpstreamDestinations(configuration)
        var positions: [UpstreamSettings: Int] = [:]
        for (position, settings) in (predecessor.map(UpstreamDestinations.init)?.settings ?? []).enumerated() {
            positions[settings] = position
        }
        inherited = destinations.settings.map { positions.removeValue(forKey: $0) }
        var security: [ClientTLSContext?] = []
        do throws(TLSError) {
            for (settings, position) in zip(destinations.settings, inherited) {
                let isNew = position == nil
                security.append(isNew ? try settings.tls.map(ClientTLSContext.init) : nil)
            }
        } catch {
            throw .tls(error)
        }
        upstreamSecurity = security
    }

    /// What connections to a listener need to know; nil if the configuration does not have it.
    func settings(of listener: ListenerID) -> ListenerSettings? { listeners[listener] }

    /// The connections that requests of a route go over.
    ///
    /// - Parameters:
    ///   - upstream: the upstream that the permit is for.
    ///   - route: the route that it is for.
    /// - Returns: the pool.
    func pool(of upstream: Int, along route: GatewayRoute) -> UpstreamPool {
        guard !destinations.ofRoutes.isEmpty else { return pools[upstream] }
        return pools[destinations.ofRoutes[route.index] ?? upstream]
    }

    // MARK: Succession

    /// Takes over from `predecessor` what has not changed: connections to upstreams, and verified tokens.
    ///
    /// - Parameters:
    ///   - predecessor: the generation of the configuration that `init` was given; nil for the first.
    ///   - makePool: makes a pool for an upstream that was not there before, or was another.
    func begin(after predecessor: Generation?, makePool: (UpstreamSettings, ClientTLSContext?) -> UpstreamPool) {
        pools = destinations.settings.indices.map { index in
            if let predecessor, let position = inherited[index] { return predecessor.pools[position] }
            return makePool(destinations.settings[index], upstreamSecurity[index])
        }
        guard let predecessor else { return }
        evaluator.takeOverIdentities(from: predecessor.evaluator)
        let handedOn = Set(inherited.compactMap(\.self))
        for (position, pool) in predecessor.pools.enumerated() where !handedOn.contains(position) { pool.retire() }
        predecessor.isRetired = true
        predecessor.spareExchanges.removeAll()
    }

    /// Whether a successor has come and no exchange needs this generation any more.
    var isFinished: Bool { isRetired && exchangeCount == 0 }

    // MARK: Exchanges

    /// An exchange with the storage of an earlier one.
    func takeExchange(_ resources: WorkerResources) -> Exchange {
        retain()
        return spareExchanges.popLast() ?? Exchange(generation: self, resources: resources)
    }

    /// Counts an exchange that is decided by this generation.
    func retain() { exchangeCount += 1 }

    /// Counts it out.
    func release() { exchangeCount -= 1 }

    /// Takes an ended exchange back.
    func give(_ exchange: Exchange) {
        release()
        guard !isRetired, !exchange.isForeign, spareExchanges.count < 64 else { return }
        exchange.reset()
        spareExchanges.append(exchange)
    }
}

/// Why a configuration cannot be enforced, which its reader should have found.
enum GenerationError: Error {
    case policy(EvaluatorError)
    case tls(TLSError)
}
