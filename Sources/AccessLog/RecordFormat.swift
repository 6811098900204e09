import Bytes

/// Turns records into the lines of the access log.
///
/// A format belongs to one worker: it keeps the text of the current second.
package struct RecordFormat: Sendable {
    /// What a line looks like.
    package enum Kind: Sendable {
        /// JSON Lines with flat keys in a fixed order (logs.md); a value that is absent is an absent key.
        case json
    }

    private let kind: Kind
    private var timestamp = Timestamp()

    /// - Parameter kind: what a line looks like.
    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// Appends the line for `record`, with its line feed.
    ///
    /// - Parameters:
    ///   - record: what is known of the exchange.
    ///   - output: receives the line.
    package mutating func append(_ record: borrowing Record, to output: inout [UInt8]) {
        switch kind {
        case .json:
            output.append(addingCapacity: record.maximumJSONLength) { appendJSON(record, to: &$0) }
        }
    }

    private mutating func appendJSON(_ record: borrowing Record, to output: inout OutputSpan<UInt8>) {
        output.append("{\"ts\":\"")
        timestamp.append(record.timestamp, to: &output)
        output.append("\",\"level\":\"")
        output.append(record.level.word)
        output.append("\",\"event\":\"access\",\"msg\":\"")
        output.append(record.message.word)
        output.append(UInt8(ascii: "\""))
        record.appendRequest(to: &output)
        record.appendDecision(to: &output)
        record.appendIdentity(to: &output)
        record.appendOrigin(to: &output)
        output.append("}\n")
    }
}

extension Record {
    /// The most bytes that the record's line has: keys, numbers and words of the gateway's own, and all text escaped.
    fileprivate var maximumJSONLength: Int {
        1536 + arena.count * maximumJSONExpansion + words.count * 8
    }

    fileprivate var message: Message {
        switch decision {
        case .allow: isFailure ? .failed : .allowed
        case .deny: .denied
        case .undecided: .undecided
        case .reject: .rejected
        }
    }

    fileprivate func appendRequest(to output: inout OutputSpan<UInt8>) {
        append(",\"request_id\":\"", .requestID, to: &output)
        append(",\"trace_id\":\"", .traceID, to: &output)
        append(",\"remote_ip\":\"", .remoteIP, to: &output)
        append(",\"client_ip\":\"", .clientIP, to: &output)
        append(",\"method\":\"", .method, to: &output)
        append(",\"host\":\"", .host, to: &output)
        append(",\"path\":\"", .path, to: &output)
        append(",\"proto\":\"", .proto, to: &output)
        append(",\"tls\":\"", .tls, to: &output)
        append(",\"status\":", status, to: &output)
        append(",\"bytes_in\":", bytesIn, to: &output)
        append(",\"bytes_out\":", bytesOut, to: &output)
        append(",\"duration\":", seconds: duration, to: &output)
    }

    fileprivate func appendDecision(to output: inout OutputSpan<UInt8>) {
        append(",\"route\":\"", .route, to: &output)
        append(",\"decision\":\"", decision.word, to: &output)
        append(",\"reason\":\"", reason, to: &output)
        append(",\"would_deny\":\"", wouldDeny, to: &output)
        guard !words.isEmpty else { return }
        append(",\"required_scopes\":[", .requiredScopes, to: &output)
        append(",\"missing_scopes\":[", .missingScopes, to: &output)
        append(",\"required_roles\":[", .requiredRoles, to: &output)
    }

    fileprivate func appendIdentity(to output: inout OutputSpan<UInt8>) {
        append(",\"sub\":\"", .subject, to: &output)
        append(",\"client_id\":\"", .clientID, to: &output)
        append(",\"iss\":\"", .issuer, to: &output)
        append(",\"token_id\":\"", .tokenID, to: &output)
        append(",\"exp_in\":", expiresIn, to: &output)
        append(",\"user_agent\":\"", .userAgent, to: &output)
    }

    fileprivate func appendOrigin(to output: inout OutputSpan<UInt8>) {
        append(",\"origin\":\"", origin.word, to: &output)
        append(",\"upstream\":\"", .upstream, to: &output)
        append(",\"upstream_addr\":\"", .upstreamAddress, to: &output)
        append(",\"upstream_status\":", upstreamStatus, to: &output)
        append(",\"grpc_status\":", grpcStatus, to: &output)
        append(",\"upstream_duration\":", seconds: upstreamDuration, to: &output)
        append(",\"retries\":", retries, to: &output)
        append(",\"decision_duration\":", seconds: decisionDuration, to: &output)
        if let aborted { append(",\"aborted\":\"", aborted.word, to: &output) }
        if let ended { append(",\"ended\":\"", ended.word, to: &output) }
        if droppedFields > 0 { append(",\"dropped_fields\":", droppedFields, to: &output) }
        append(",\"config\":\"", .configuration, to: &output)
    }

    @inline(__always)
    private func append(_ prefix: StaticString, _ key: TextKey, to output: inout OutputSpan<UInt8>) {
        let range = range(of: key)
        guard range.isPresent else { return }
        output.append(prefix)
        append(range, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func append(_ prefix: StaticString, _ word: StaticString, to output: inout OutputSpan<UInt8>) {
        output.append(prefix)
        output.append(word)
        output.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func append(_ prefix: StaticString, _ reason: Reason?, to output: inout OutputSpan<UInt8>) {
        guard let reason else { return }
        output.append(prefix)
        output.append(reason.rawValue.utf8.span)
        output.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private func append(_ prefix: StaticString, _ number: Int?, to output: inout OutputSpan<UInt8>) {
        guard let number else { return }
        output.append(prefix)
        output.append(decimal: number)
    }

    @inline(__always)
    private func append(_ prefix: StaticString, seconds microseconds: Int64?, to output: inout OutputSpan<UInt8>) {
        guard let microseconds else { return }
        output.append(prefix)
        output.append(seconds: microseconds)
    }

    private func append(_ prefix: StaticString, _ list: ListKey, to output: inout OutputSpan<UInt8>) {
        var isFirst = true
        for word in words where word.list == list {
            if isFirst {
                output.append(prefix)
            } else {
                output.append(UInt8(ascii: ","))
            }
            output.append(UInt8(ascii: "\""))
            append(word.range, to: &output)
            output.append(UInt8(ascii: "\""))
            isFirst = false
        }
        if !isFirst { output.append(UInt8(ascii: "]")) }
    }

    private func append(_ range: ArenaRange, to output: inout OutputSpan<UInt8>) {
        output.append(jsonText: arena.span.extracting(range.bounds))
        if range.isCut { output.append("…") }
    }
}
