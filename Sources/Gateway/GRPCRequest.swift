import Bytes
import HTTP
import Transport

extension Request {
    /// Whether the request is one of gRPC, so that its refusals are, too.
    var isCall: Bool { fields.value(of: .contentType)?.isGRPC ?? false }

    /// How long the time is that the client gives a call of gRPC, as the field `grpc-timeout` says; nil without a valid one.
    var callTimeout: Nanoseconds? {
        guard let line = fields.firstIndex(named: Self.callTimeoutField.span) else { return nil }
        let value = fields.value(at: line)
        let digits = value.count - 1
        guard (1...8).contains(digits), let number = value.extracting(..<digits).decimalNumber else { return nil }
        let unit: UInt64? =
            switch value[digits] {
            case UInt8(ascii: "H"): 3_600_000_000_000
            case UInt8(ascii: "M"): 60_000_000_000
            case UInt8(ascii: "S"): 1_000_000_000
            case UInt8(ascii: "m"): 1_000_000
            case UInt8(ascii: "u"): 1000
            case UInt8(ascii: "n"): 1
            default: nil
            }
        return unit.map { unit in
            let (count, isTooLong) = UInt64(number).multipliedReportingOverflow(by: unit)
            return Nanoseconds(count: min(isTooLong ? .max : count, Self.longestCall.count))
        }
    }

    /// A client has no say in what comes after a year.
    private static let longestCall = Nanoseconds.seconds(366 * 86400)
    private static let callTimeoutField = Array("grpc-timeout".utf8)
}
