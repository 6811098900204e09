internal import Transport

/// Names that are being looked up, each once at a time whoever waits for it: a resolver that hangs holds one thread per name.
final class NameLookUps {
    private let loop: EventLoop
    private let calls: BlockingCalls
    private var underWay: [String: LookUp] = [:]

    private final class LookUp {
        var outcome: Result<[SocketAddress], ResolverError>?
        var waiting: [Waiter] = []
    }

    init(loop: EventLoop, calls: BlockingCalls) {
        self.loop = loop
        self.calls = calls
    }

    /// The addresses of the host of `url`.
    ///
    /// - Returns: the addresses; nil if they are not known by the deadline.
    /// - Throws: why there is none.
    func addresses(
        of url: ServiceURL, waiter: Waiter, until deadline: Instant
    ) async throws(ResolverError) -> [SocketAddress]? {
        if let address = SocketAddress(numericHost: url.host, port: url.port) { return [address] }
        let lookUp: LookUp
        if let known = underWay[url.hostAndPort] { lookUp = known } else { lookUp = try begin(url) }
        lookUp.waiting.append(waiter)
        while lookUp.outcome == nil {
            if await waiter.wait(until: deadline) == .expired, lookUp.outcome == nil {
                lookUp.waiting.removeAll { $0 === waiter }
                return nil
            }
        }
        return try lookUp.outcome?.get()
    }

    private func begin(_ url: ServiceURL) throws(ResolverError) -> LookUp {
        let lookUp = LookUp()
        let (host, port, key) = (url.host, url.port, url.hostAndPort)
        let accepted = calls.run(
            { () -> Result<[SocketAddress], ResolverError> in
                Result { () throws(ResolverError) in try Resolver.addresses(of: host, port: port) }
            }, on: loop,
            then: { [self] outcome in
                underWay[key] = nil
                lookUp.outcome = outcome
                for waiter in lookUp.waiting { waiter.wake() }
            })
        guard accepted else { throw ResolverError(description: "too many names are being looked up already") }
        underWay[key] = lookUp
        return lookUp
    }
}
