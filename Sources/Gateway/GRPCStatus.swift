import AccessLog
import Authorization
import Bytes
import HTTP

/// What a call of gRPC ends with when it is the gateway that ends it.
struct GRPCStatus {
    let code: Int
    /// What the client is told, in fixed words.
    let message: String

    /// - Parameters:
    ///   - refusal: why the call is refused.
    ///   - status: the status that a request which is not one of gRPC would get.
    init(_ refusal: Refusal, status: Int) {
        let reason = if case .ended(let end) = refusal { "\(end.word)" } else { refusal.reason.rawValue }
        message = "\(refusal.detail) (\(reason))"
        code =
            switch refusal {
            case .ended(.tokenExpired), .ended(.revoked): 16
            case .ended(.deadlineExceeded): 4
            case .ended: 14
            // Who is known and may not is told so, whatever the status is by which others are asked to log in.
            case .denied(.insufficientScope), .denied(.insufficientRole): 7
            default: Self.code(of: status)
            }
    }

    /// The code for a status (decisions.md).
    private static func code(of status: Int) -> Int {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404: 12
        case 429, 500...: 14
        default: 2
        }
    }

    /// The field lines that tell it.
    var lines: [UInt8] {
        var lines: [UInt8] = []
        lines.append("grpc-status: ")
        lines.append(decimal: code)
        lines.append("\r\ngrpc-message: ")
        for byte in message.utf8 {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                lines.append(byte)
            } else {
                lines.append("%")
                lines.append(hexadecimalDigit(byte >> 4))
                lines.append(hexadecimalDigit(byte & 15))
            }
        }
        lines.append("\r\n")
        return lines
    }

    /// The status that a section of fields tells; nil if it tells none.
    static func told(by fields: borrowing Fields) -> Int? {
        guard let line = fields.firstIndex(named: field.span) else { return nil }
        return fields.value(at: line).decimalNumber
    }

    private static let field = Array("grpc-status".utf8)
}
