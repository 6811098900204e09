import Bytes
import Testing

@testable import AccessLog

@Suite("logs.md: every key of a line is described")
struct LineKeyTests {
    @Test("a line with every value has exactly the keys that are described, in this order")
    func keys() {
        var record = Record()
        for key in TextKey.allCases { record.set(key, to: "x") }
        for list in [ListKey.requiredScopes, .missingScopes, .requiredRoles] { record.append("x", to: list) }
        record.wouldDeny = .noToken
        record.aborted = .client
        record.ended = .idleTimeout
        record.grpcStatus = 0
        record.status = 200
        record.upstreamStatus = 200
        record.upstreamDuration = 1
        record.decisionDuration = 1
        record.retries = 0
        record.expiresIn = 1
        record.droppedFields = 1
        #expect(keys(of: record) == LineKey.all.map(\.name))
    }

    @Test("a line without any value has exactly the keys that are always there")
    func alwaysThere() {
        #expect(keys(of: Record()) == LineKey.all.filter(\.isAlwaysThere).map(\.name))
    }

    private func keys(of record: borrowing Record) -> [String] {
        var format = RecordFormat(.json)
        var output: [UInt8] = []
        format.append(record, to: &output)
        let parts = output.span.text.split(separator: "\"", omittingEmptySubsequences: false)
        return zip(parts, parts.dropFirst()).filter { $1.hasPrefix(":") }.map { String($0.0) }
    }
}
