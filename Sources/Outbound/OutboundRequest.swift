internal import Bytes
package import HTTP

/// What the gateway asks a service.
package struct OutboundRequest: Sendable {
    package var method: Method
    package var url: ServiceURL
    /// Fields besides `Host`, `Content-Length`, `Connection`, `Accept-Encoding` and `User-Agent`, which the client writes.
    /// Names are tokens; values are without CR, LF and NUL.
    package var fields: [(name: String, value: String)] = []
    package var content: [UInt8] = []

    package init(_ method: Method, _ url: ServiceURL) {
        self.method = method
        self.url = url
    }

    /// The request as it is sent (RFC 9112 §3).
    ///
    /// - Parameter isAbsolute: whether the target is the whole URL, as proxies want it.
    /// - Returns: head and content.
    func message(isAbsolute: Bool) -> [UInt8] {
        var output: [UInt8] = []
        let target = isAbsolute ? url.description : url.target
        output.append(contentsOf: "\(method.name) \(target) HTTP/1.1\r\nHost: \(url.authority)\r\n".utf8)
        output.append("User-Agent: gateway\r\nAccept-Encoding: identity\r\n")
        for (name, value) in fields { output.append(contentsOf: "\(name): \(value)\r\n".utf8) }
        if method != .get || !content.isEmpty { output.appendField(.length(content.count)) }
        output.append("\r\n")
        return output + content
    }
}
