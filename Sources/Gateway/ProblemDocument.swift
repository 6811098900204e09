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
        output.appendProblem(status: status, detail: refusal.detail) { members in
            members.append(",\"reason\":\"")
            members.append(contentsOf: refusal.reason.rawValue.utf8)
            members.append("\",\"request_id\":\"")
            members.append(contentsOf: requestID)
            members.append("\"")
        }
        return output
    }
}
