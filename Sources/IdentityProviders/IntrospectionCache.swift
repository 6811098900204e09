internal import Bytes
internal import JOSE

/// Answers of issuers about tokens, for a while: identities, never decisions. Of the tokens it has only digests.
///
/// When it is full, what ends first goes first. So nobody displaces what is good for long with tokens that are not good:
/// answers about those end soon.
struct IntrospectionCache {
    /// What an answer is about; nobody else's settings ever find it.
    struct Key: Hashable {
        /// That of the issuer's settings.
        let issuer: Int
        let token: SHA256Digest
    }

    /// What an issuer has said.
    private struct Statement {
        /// The text as it came, whose size is that in memory, unlike that of what is read from it; empty if the token is not
        /// active.
        let text: [UInt8]
        /// When it ends, in seconds since 1970.
        let end: Int
    }

    private let maximumCount: Int
    private let maximumSize: Int
    private var statements: [Key: Statement] = [:]
    /// What ends at the same second, by that second.
    private var ends: [Int: Set<Key>] = [:]
    /// The sum of the sizes of texts, in bytes.
    private(set) var size = 0
    /// The latest time that was seen.
    private var latest = 0

    /// - Parameters:
    ///   - maximumCount: how many answers are kept.
    ///   - maximumSize: how long their texts are together, in bytes.
    init(maximumCount: Int = 10_000, maximumSize: Int = 32 << 20) {
        self.maximumCount = maximumCount
        self.maximumSize = maximumSize
    }

    var count: Int { statements.count }

    /// What is known about a token.
    ///
    /// - Parameters:
    ///   - key: whose token, and which.
    ///   - now: seconds since 1970.
    /// - Returns: what the issuer has said, or nil if it must be asked.
    mutating func answer(_ key: Key, now: Int) -> IntrospectionAnswer? {
        forgetOldAnswers(now: now)
        guard let statement = statements[key] else { return nil }
        if statement.text.isEmpty { return .inactive }
        guard let response = try? IntrospectionResponse(text: statement.text) else { return nil }
        return .active(response.content, end: statement.end)
    }

    /// Keeps what an issuer has said.
    ///
    /// - Parameters:
    ///   - text: the content of its response; nil if the token is not active.
    ///   - key: whose token, and which.
    ///   - end: when the answer ends, in seconds since 1970; one that has ended is not kept.
    ///   - now: seconds since 1970.
    mutating func insert(_ text: [UInt8]?, for key: Key, end: Int, now: Int) {
        forgetOldAnswers(now: now)
        remove(key)
        let text = text ?? []
        guard end > now, text.count <= maximumSize, maximumCount > 0 else { return }
        while count == maximumCount || size + text.count > maximumSize {
            guard let first = ends.keys.min(), first <= end, let key = ends[first]?.first else { return }
            remove(key)
        }
        statements[key] = Statement(text: text, end: end)
        ends[end, default: []].insert(key)
        size += text.count
    }

    /// Forgets what has ended. If the clock was set back, nobody knows how old anything is, and all is forgotten.
    ///
    /// - Parameter now: seconds since 1970.
    mutating func forgetOldAnswers(now: Int) {
        if now < latest { (statements, ends, size) = ([:], [:], 0) }
        guard now != latest else { return }
        latest = now
        for end in ends.keys where end <= now {
            for key in ends[end] ?? [] { remove(key) }
        }
    }

    /// Forgets all answers of an issuer.
    mutating func removeAnswers(of issuer: Int) {
        for key in statements.keys where key.issuer == issuer { remove(key) }
    }

    private mutating func remove(_ key: Key) {
        guard let statement = statements.removeValue(forKey: key) else { return }
        size -= statement.text.count
        ends[statement.end]?.remove(key)
        if ends[statement.end]?.isEmpty == true { ends[statement.end] = nil }
    }
}
