import AccessLog
import Bytes
import HTTP

/// The body of a refusal (RFC 9457). Clients written for FastAPI read `detail`.
struct ProblemDocument {
    let refusal: Refusal
    let status: Int
    let requestID: [UInt8]

    /// The document; every word in it is fixed or made by the gateway, so nothing needs to be escaped.
    var json: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        output.append("{\"type\":\"about:blank\",\"title\":\"")
        output.append(reasonPhrase(of: status))
        output.append("\",\"status\":")
        output.append(decimal: status)
        output.append(",\"detail\":\"")
        output.append(contentsOf: refusal.detail.utf8)
        output.append("\",\"reason\":\"")
        output.append(contentsOf: refusal.reason.rawValue.utf8)
        output.append("\",\"request_id\":\"")
        output.append(contentsOf: requestID)
        output.append("\"}\n")
        return output
    }
}
