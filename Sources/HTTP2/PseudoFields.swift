internal import Bytes
internal import HTTP

extension HeadFields {
    /// Takes a pseudo-field (RFC 9113 section 8.3), whose form nghttp2 has checked.
    mutating func set(pseudo name: Span<UInt8>, _ value: Span<UInt8>) {
        switch name.count {
        case 5 where name.equals(":path"): path.append(value)
        case 7 where name.equals(":method"): method.append(value)
        case 7 where name.equals(":scheme"): scheme.append(value)
        case 7 where name.equals(":status"): status = value.statusCode
        case 9 where name.equals(":protocol"): protocolName.append(value)
        case 10 where name.equals(":authority"): authority.append(value)
        default: break
        }
    }
}

extension Span where Element == UInt8 {
    /// Three digits, as nghttp2 has made sure.
    fileprivate var statusCode: Int {
        var code = 0
        for index in indices { code = code &* 10 &+ Int(self[index] &- UInt8(ascii: "0")) }
        return code
    }
}
