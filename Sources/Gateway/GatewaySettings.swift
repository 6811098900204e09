import Configuration
import HTTP
import Transport

/// What every exchange of a worker needs of the configuration, in the units that it computes with.
struct GatewaySettings {
    let configurationHash: String
    let messageLimits: MessageLimits
    let tokenLimit: Int
    let headTimeout: Nanoseconds
    let handshakeTimeout: Nanoseconds
    /// How many streams a client of HTTP/2 may have open on a connection.
    let streamLimit: Int
    let idleTimeout: Nanoseconds
    /// Bytes per second that a client's body must move at least, in either direction.
    let bodyRate: Int
    /// Over how much waiting the body rate is measured.
    let bodyRateWindow = Nanoseconds.seconds(5)
    let writesVia: Bool
    let refusals: RefusalConfiguration
    let subjectDisclosure: AccessLogConfiguration.Disclosure
    let addressDisclosure: AddressDisclosure

    init(_ configuration: GatewayConfiguration) {
        let limits = configuration.limits
        configurationHash = configuration.hash
        messageLimits = MessageLimits(limits)
        tokenLimit = limits.token
        headTimeout = Nanoseconds(limits.headTimeout)
        handshakeTimeout = Nanoseconds(limits.handshakeTimeout)
        streamLimit = limits.http2Streams
        idleTimeout = Nanoseconds(limits.idleTimeout)
        bodyRate = limits.bodyRate
        writesVia = configuration.forwarding.writesVia
        refusals = configuration.refusals
        subjectDisclosure = configuration.accessLog.subject
        addressDisclosure = AddressDisclosure(configuration.accessLog.addresses)
    }
}

extension RefusalConfiguration {
    /// Whether an unmatched request is told no more than one without a token.
    var hidesUnmatched: Bool { unmatchedStatus == 401 }
}

extension MessageLimits {
    init(_ limits: LimitsConfiguration) {
        self.init()
        startLine = limits.requestLine
        fieldSection = limits.headerSection
        fieldCount = limits.headerFields
    }
}
