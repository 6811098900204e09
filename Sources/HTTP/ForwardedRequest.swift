internal import Bytes

/// What a request that came from a trusted proxy says about its client (security.md, rule 6).
///
/// `X-Forwarded-For` is read, or else `Forwarded` (RFC 7239). The upstream gets one family only, `X-Forwarded-*`, written
/// from what was understood.
package struct ForwardedRequest: Sendable {
    /// The rightmost address that is not a trusted proxy's; if all are, the leftmost; nil if none can be read.
    package private(set) var clientAddress: IPAddress?
    /// The identifier of the request, if there is one fit to be used; else empty.
    package private(set) var requestID: [UInt8] = []
    /// The entries before the peer's, separated by commas.
    private var chain: [UInt8] = []
    private var scheme: ForwardedScheme?
    private var host = HostName()
    private var port: UInt16?
    private let hasRealIP: Bool

    /// - Parameters:
    ///   - fields: the section of the request; what must stand once does.
    ///   - isTrusted: whether an address is a trusted proxy's.
    package init(_ fields: borrowing Fields, isTrusted: (IPAddress) -> Bool) {
        hasRealIP = fields.contains(.xRealIP)
        if let value = fields.value(of: .xForwardedProto) { scheme = ForwardedScheme(value) }
        if let value = fields.value(of: .xForwardedHost), !host.parse(value, defaultPort: 0) { host = HostName() }
        port = fields.value(of: .xForwardedPort)?.portNumber
        if let value = fields.value(of: .xRequestID), Self.isRequestID(value) { requestID = value.array }
        if fields.contains(.xForwardedFor) {
            readAddresses(fields, isTrusted)
        } else if fields.contains(.forwarded) {
            readElements(ForwardedElement.all(in: fields), isTrusted)
        }
    }

    /// Walks `X-Forwarded-For` from the right, over all its lines.
    private mutating func readAddresses(_ fields: borrowing Fields, _ isTrusted: (IPAddress) -> Bool) {
        var joined: [UInt8] = []
        for line in 0..<fields.count where fields.known(at: line) == .xForwardedFor {
            let value = fields.value(at: line)
            guard value.count > 0 else { continue }
            if !joined.isEmpty { joined.append(", ") }
            joined.append(value)
        }
        chain = joined
        let text = joined.span
        var end = text.count
        while end >= 0 {
            var start = end
            while start > 0, text[start - 1] != UInt8(ascii: ",") { start -= 1 }
            let entry = text.trimmed(start..<end)
            end = start - 1
            if entry.isEmpty { continue }
            // Whatever stands to the left of an entry that cannot be read may come from anybody.
            guard let address = IPAddress(node: text.extracting(entry)) else { return }
            clientAddress = address
            guard isTrusted(address) else { return }
        }
    }

    /// Walks `Forwarded` from the right. The element that names the client was written by the outermost trusted proxy, so
    /// that it knows the scheme and the host, too.
    private mutating func readElements(_ elements: [ForwardedElement], _ isTrusted: (IPAddress) -> Bool) {
        var last: ForwardedElement?
        var entries: [[UInt8]] = []
        for element in elements.reversed() {
            guard let address = element.address else { break }
            clientAddress = address
            entries.append(address.text)
            last = element
            guard isTrusted(address) else { break }
        }
        for entry in entries.reversed() {
            if !chain.isEmpty { chain.append(", ") }
            chain.append(entry.span)
        }
        scheme = scheme ?? last?.scheme
        if host.isEmpty, let other = last?.host { host = other }
    }

    /// Whether the value can stand in a log and a field as it is: 1 to 128 letters, digits and `-._~:+/=@`.
    private static func isRequestID(_ value: Span<UInt8>) -> Bool {
        let safe = CharacterSet128(low: 0x27FF_E800_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
        for index in value.indices where !safe.contains(value[index]) { return false }
        return (1...128).contains(value.count)
    }

    /// Appends the fields that tell the upstream of the client.
    ///
    /// - Parameters:
    ///   - peer: the address that the request came from, in text; empty if it has none.
    ///   - ownScheme: the scheme of the listener, where no proxy said another.
    ///   - ownHost: the host that the request is for, where no proxy said another; may be empty.
    ///   - output: what to append to.
    package func appendFields(
        peer: Span<UInt8>, ownScheme: ForwardedScheme, ownHost: Span<UInt8>, to output: inout [UInt8]
    ) {
        if !chain.isEmpty || peer.count > 0 {
            output.append("X-Forwarded-For: ")
            output.append(chain.span)
            if !chain.isEmpty, peer.count > 0 { output.append(", ") }
            output.append(peer)
            output.append("\r\n")
        }
        output.append("X-Forwarded-Proto: ")
        output.append((scheme ?? ownScheme).name)
        output.append("\r\n")
        if !host.isEmpty {
            output.appendField("X-Forwarded-Host", host.authority.span)
        } else if ownHost.count > 0 {
            output.appendField("X-Forwarded-Host", ownHost)
        }
        if let port {
            output.append("X-Forwarded-Port: ")
            output.append(decimal: Int(port))
            output.append("\r\n")
        }
        if hasRealIP, let text = clientAddress?.text {
            output.appendField("X-Real-IP", text.span)
        } else if hasRealIP, peer.count > 0 {
            output.appendField("X-Real-IP", peer)
        }
    }
}
