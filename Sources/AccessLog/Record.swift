import Bytes

/// What one exchange leaves in the access log.
///
/// A worker has one record and fills it when a response ends. Text is copied into one arena and remembered by range, so
/// that a record which was used before allocates nothing. A value that was not set is absent from the line.
package struct Record: ~Copyable, Sendable {
    /// When the response ended, in microseconds since 1970-01-01T00:00:00Z.
    package var timestamp: Int64 = 0
    /// What was concluded about the request.
    package var decision = Decision.allow
    /// Why.
    package var reason = Reason.allowed
    /// What the reason would have been on a route that only shadows.
    package var wouldDeny: Reason?
    /// Who produced the status.
    package var origin = StatusOrigin.gateway
    /// Which side ended the exchange early, if one did.
    package var aborted: AbortingSide?
    /// Why the gateway ended a stream that would have gone on, if it did.
    package var ended: StreamEnd?
    /// The status of a call of gRPC, as far as it is known.
    package var grpcStatus: Int?
    /// The status sent to the client; nil where none was sent.
    package var status: Int?
    /// Bytes of the request's body that were received.
    package var bytesIn = 0
    /// Bytes of the response's body that were sent.
    package var bytesOut = 0
    /// From the first byte of the request to the end of the response, in microseconds.
    package var duration: Int64 = 0
    /// What matching, authentication and authorization took, in microseconds.
    package var decisionDuration: Int64?
    /// The status that the upstream sent.
    package var upstreamStatus: Int?
    /// From the first byte to the upstream to the end of its response, in microseconds.
    package var upstreamDuration: Int64?
    /// How many further attempts a forwarded exchange took; nil where nothing was forwarded.
    package var retries: Int?
    /// Seconds until the token expires; negative when it has expired.
    package var expiresIn: Int?
    /// How many request fields were dropped for an underscore in their name; 0 is not written.
    package var droppedFields = 0

    private(set) var arena: [UInt8] = []
    private var texts = InlineArray<18, ArenaRange>(repeating: ArenaRange())
    private(set) var words: [ListWord] = []

    package init() {}

    /// How much attention the line asks for: an allowed exchange is `info` also when the upstream itself answers 5xx.
    package var level: LogLevel {
        switch decision {
        case .allow: isFailure ? .error : .info
        case .deny, .reject: .warn
        case .undecided: .error
        }
    }

    /// Whether the request was allowed and the gateway then had to answer 5xx itself.
    var isFailure: Bool { origin == .gateway && ((status ?? 0) >= 500 || grpcStatus != nil && ended == nil) }

    /// Forgets every value and keeps the capacity.
    package mutating func reset() {
        var fresh = Record()
        swap(&fresh.arena, &arena)
        swap(&fresh.words, &words)
        fresh.arena.removeAll(keepingCapacity: true)
        fresh.words.removeAll(keepingCapacity: true)
        self = fresh
    }

    /// Sets a text value; bytes beyond the key's maximum length are cut off.
    ///
    /// - Parameters:
    ///   - key: which value.
    ///   - value: bytes as received; what is not UTF-8 is written as U+FFFD.
    package mutating func set(_ key: TextKey, to value: Span<UInt8>) {
        texts[key.rawValue] = keep(value, upTo: key.maximumLength)
    }

    /// Sets a text value; bytes beyond the key's maximum length are cut off.
    ///
    /// - Parameters:
    ///   - key: which value.
    ///   - value: bytes as received; what is not UTF-8 is written as U+FFFD.
    package mutating func set(_ key: TextKey, to value: [UInt8]) {
        set(key, to: value.span)
    }

    /// Sets a text value; bytes beyond the key's maximum length are cut off.
    ///
    /// - Parameters:
    ///   - key: which value.
    ///   - value: the text.
    package mutating func set(_ key: TextKey, to value: String) {
        set(key, to: value.utf8.span)
    }

    /// Appends a word to a list; beyond `ListKey.maximumCount` words it is left out.
    ///
    /// - Parameters:
    ///   - word: the name of a scope or role.
    ///   - list: which list.
    package mutating func append(_ word: String, to list: ListKey) {
        guard words.count < ListKey.maximumCount else { return }
        words.append(ListWord(list: list, range: keep(word.utf8.span, upTo: ListKey.maximumLength)))
    }

    /// Where the value of `key` is in the arena, or an empty range that is absent.
    func range(of key: TextKey) -> ArenaRange { texts[key.rawValue] }

    private mutating func keep(_ value: Span<UInt8>, upTo limit: Int) -> ArenaRange {
        let start = arena.count
        guard value.count > limit else {
            arena.append(value)
            return ArenaRange(start: UInt32(start), count: UInt16(value.count), isPresent: true, isCut: false)
        }
        var end = limit
        while end > limit - 3 && value[end] & 0xC0 == 0x80 { end -= 1 }
        arena.append(value.extracting(0..<end))
        return ArenaRange(start: UInt32(start), count: UInt16(end), isPresent: true, isCut: true)
    }
}

/// A piece of a record's arena.
struct ArenaRange: Sendable {
    var start: UInt32 = 0
    var count: UInt16 = 0
    var isPresent = false
    var isCut = false

    var bounds: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// A word of one of a record's lists.
struct ListWord: Sendable {
    var list: ListKey
    var range: ArenaRange
}
