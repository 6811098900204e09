internal import Bytes

/// What both sides agreed on speaking inside TLS (RFC 7301).
package enum ApplicationProtocol: Sendable, CaseIterable {
    case http11, http2

    /// The name by which the protocol is agreed on.
    var name: StaticString {
        switch self {
        case .http11: "http/1.1"
        case .http2: "h2"
        }
    }

    /// Names as they are offered: each behind its length.
    static func list(_ protocols: [ApplicationProtocol]) -> [UInt8] {
        var list: [UInt8] = []
        for one in protocols {
            list.append(UInt8(one.name.utf8CodeUnitCount))
            list.append(one.name)
        }
        return list
    }
}
