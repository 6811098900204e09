import AccessLog
import Bytes
import Testing

@Suite("logs.md: access log as JSON Lines")
struct RecordFormatTests {
    private func line(_ fill: (inout Record) -> Void) -> String {
        var record = Record()
        fill(&record)
        var format = RecordFormat(.json)
        var output: [UInt8] = []
        format.append(record, to: &output)
        return output.span.text
    }

    @Test("a denial explains itself, key by key in the documented order")
    func denial() {
        let text = line { record in
            record.timestamp = 1_795_507_201_123_456
            record.decision = .deny
            record.reason = .insufficientScope
            record.status = 401
            record.bytesOut = 187
            record.duration = 214
            record.expiresIn = 812
            record.set(.requestID, to: "01JD")
            record.set(.traceID, to: "4bf9")
            record.set(.remoteIP, to: "10.0.0.5")
            record.set(.clientIP, to: "203.0.113.9")
            record.set(.method, to: "DELETE")
            record.set(.host, to: "api.example.com")
            record.set(.path, to: "/items/42")
            record.set(.proto, to: "HTTP/2.0")
            record.set(.tls, to: "TLSv1.3")
            record.set(.route, to: "items.write")
            record.append("items:write", to: .requiredScopes)
            record.append("items:write", to: .missingScopes)
            record.set(.subject, to: "alice")
            record.set(.clientID, to: "web")
            record.set(.issuer, to: "https://idp.example.com/")
            record.set(.tokenID, to: "9f2c1a77")
            record.set(.userAgent, to: "curl/8.5")
            record.set(.configuration, to: "5be1c0")
        }
        #expect(
            text == """
                {"ts":"2026-11-24T08:00:01.123456Z","level":"warn","event":"access","msg":"denied","request_id":"01JD",\
                "trace_id":"4bf9","remote_ip":"10.0.0.5","client_ip":"203.0.113.9","method":"DELETE",\
                "host":"api.example.com","path":"/items/42","proto":"HTTP/2.0","tls":"TLSv1.3","status":401,"bytes_in":0,\
                "bytes_out":187,"duration":0.000214,"route":"items.write","decision":"deny",\
                "reason":"insufficient_scope","required_scopes":["items:write"],"missing_scopes":["items:write"],\
                "sub":"alice","client_id":"web","iss":"https://idp.example.com/","token_id":"9f2c1a77","exp_in":812,\
                "user_agent":"curl/8.5","origin":"gateway","config":"5be1c0"}

                """)
    }

    @Test("a forwarded exchange names its upstream")
    func forwarded() {
        let text = line { record in
            record.status = 200
            record.origin = .upstream
            record.duration = 2_500_000
            record.decisionDuration = 3
            record.upstreamStatus = 200
            record.upstreamDuration = 1_000_001
            record.retries = 1
            record.aborted = .client
            record.droppedFields = 2
            record.set(.upstream, to: "items")
            record.set(.upstreamAddress, to: "10.0.0.5:8000")
        }
        #expect(
            text == """
                {"ts":"1970-01-01T00:00:00.000000Z","level":"info","event":"access","msg":"allowed","status":200,\
                "bytes_in":0,"bytes_out":0,"duration":2.500000,"decision":"allow","reason":"allowed","origin":"upstream",\
                "upstream":"items","upstream_addr":"10.0.0.5:8000","upstream_status":200,"upstream_duration":1.000001,\
                "retries":1,"decision_duration":0.000003,"aborted":"client","dropped_fields":2}

                """)
    }

    @Test(
        "a stream that the gateway ended says why",
        arguments: [
            (StreamEnd.tokenExpired, "token_expired"), (.draining, "draining"), (.idleTimeout, "idle_timeout"),
            (.deadlineExceeded, "deadline_exceeded"),
        ])
    func ended(_ end: StreamEnd, _ word: String) {
        let text = line { record in
            record.upstreamStatus = 200
            record.grpcStatus = 16
            record.upstreamDuration = 3_000_000
            record.aborted = .upstream
            record.ended = end
            record.droppedFields = 1
        }
        #expect(text.contains(#""upstream_status":200,"grpc_status":16,"upstream_duration":3.000000,"#))
        #expect(text.contains(#""aborted":"upstream","ended":"\#(word)","dropped_fields":1}"#))
    }

    @Test("the longest line of all has room")
    func longest() {
        let text = line { record in
            for key in TextKey.allCases {
                record.set(key, to: [UInt8](repeating: 0, count: key.maximumLength + 1))
            }
            let name = String(repeating: "\u{1}", count: ListKey.maximumLength + 1)
            for _ in 0..<ListKey.maximumCount { record.append(name, to: .missingScopes) }
            record.decision = .undecided
            record.reason = .insufficientAuthentication
            record.wouldDeny = .insufficientAuthentication
            record.origin = .upstream
            record.aborted = .upstream
            record.ended = .deadlineExceeded
            record.status = .min
            record.grpcStatus = .min
            record.upstreamStatus = .min
            record.retries = .min
            record.expiresIn = .min
            record.bytesIn = .max
            record.bytesOut = .max
            record.duration = .max
            record.decisionDuration = .max
            record.upstreamDuration = .max
            record.droppedFields = .max
        }
        #expect(text.hasSuffix("…\"}\n"))
    }

    @Test("an absent value is an absent key")
    func absent() {
        #expect(
            line { _ in } == """
                {"ts":"1970-01-01T00:00:00.000000Z","level":"info","event":"access","msg":"allowed","bytes_in":0,\
                "bytes_out":0,"duration":0.000000,"decision":"allow","reason":"allowed","origin":"gateway"}

                """)
    }

    @Test("the words of several lists keep their order and their list")
    func lists() {
        let text = line { record in
            record.append("a", to: .requiredScopes)
            record.append("x", to: .missingScopes)
            record.append("b", to: .requiredScopes)
            record.append("r", to: .requiredRoles)
        }
        #expect(text.contains(#""required_scopes":["a","b"],"missing_scopes":["x"],"required_roles":["r"],"#))
    }

    @Test(
        "the level follows the decision, and a 5xx of the gateway's own is an error",
        arguments: [
            (Decision.allow, StatusOrigin.upstream, 503, #""level":"info","event":"access","msg":"allowed""#),
            (.allow, .gateway, 503, #""level":"error","event":"access","msg":"failed""#),
            (.deny, .gateway, 401, #""level":"warn","event":"access","msg":"denied""#),
            (.reject, .gateway, 400, #""level":"warn","event":"access","msg":"rejected""#),
            (.undecided, .gateway, 503, #""level":"error","event":"access","msg":"undecided""#),
        ])
    func level(_ decision: Decision, _ origin: StatusOrigin, _ status: Int, _ expected: String) {
        let text = line { record in
            record.decision = decision
            record.origin = origin
            record.status = status
        }
        #expect(text.contains(expected))
    }

    @Test(
        "a call of gRPC that was allowed has failed if its status is the gateway's own, unless that was its end",
        arguments: [
            (Decision.allow, StatusOrigin.gateway, nil, #""level":"error","event":"access","msg":"failed""#),
            (.allow, .gateway, StreamEnd.tokenExpired, #""level":"info","event":"access","msg":"allowed""#),
            (.allow, .upstream, nil, #""level":"info","event":"access","msg":"allowed""#),
            (.deny, .gateway, nil, #""level":"warn","event":"access","msg":"denied""#),
        ])
    func levelOfCall(_ decision: Decision, _ origin: StatusOrigin, _ end: StreamEnd?, _ expected: String) {
        let text = line { record in
            record.decision = decision
            record.origin = origin
            record.status = 200
            record.grpcStatus = 14
            record.ended = end
        }
        #expect(text.contains(expected))
    }

    @Test("a value longer than its limit is cut at a character and marked", arguments: [0, 1, 2, 3])
    func cut(_ shift: Int) {
        let value = String(repeating: "a", count: shift) + String(repeating: "€", count: 1000)
        let text = line { $0.set(.path, to: value) }
        let kept = (TextKey.path.maximumLength - shift) / 3
        let expected = String(repeating: "a", count: shift) + String(repeating: "€", count: kept)
        #expect(text.contains("\"path\":\"\(expected)…\""))
    }

    @Test("a value as long as its limit is whole", arguments: TextKey.allCases)
    func whole(_ key: TextKey) {
        let value = String(repeating: "v", count: key.maximumLength)
        #expect(line { $0.set(key, to: value) }.contains("\"\(value)\""))
        #expect(line { $0.set(key, to: value + "w") }.contains("\"\(value)…\""))
    }

    @Test("a record that is reset has nothing of the exchange before")
    func reset() {
        var record = Record()
        record.set(.path, to: "/secret")
        record.append("scope", to: .missingScopes)
        record.status = 200
        record.reset()
        var format = RecordFormat(.json)
        var output: [UInt8] = []
        format.append(record, to: &output)
        #expect(output.span.text == line { _ in })
    }

    @Test("every reason is a word of lower-case letters", arguments: Reason.allCases)
    func reasons(_ reason: Reason) {
        #expect(
            reason.rawValue.utf8.allSatisfy { $0 == UInt8(ascii: "_") || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 })
        #expect(line { $0.reason = reason }.contains("\"reason\":\"\(reason.rawValue)\""))
    }
}
