internal import Bytes
internal import JOSE
internal import Synchronization

/// How often logins failed lately, by user, by client and by address; one table for the whole process.
///
/// An attempt counts from its beginning, so that many at once count as many. When a part of the table is full, its oldest
/// entries make room.
package final class LoginAttempts: Sendable {
    /// What attempts are counted for.
    package enum Subject: Sendable {
        case user(String)
        case client(String)
        /// An address, or what stands for a range of them.
        case address([UInt8])

        /// How many attempts may fail within a minute; an address may be that of many people.
        var limit: Int {
            switch self {
            case .user, .client: 5
            case .address: 20
            }
        }

        /// Whether a login that succeeds proves that the failures before were mistakes. Of an address it does not: who has
        /// one account could go on guessing at others.
        var isClearedBySuccess: Bool {
            if case .address = self { false } else { true }
        }

        fileprivate var key: SHA256Digest {
            let (kind, name): (UInt8, [UInt8]) =
                switch self {
                case .user(let name): (0, Array(name.utf8))
                case .client(let name): (1, Array(name.utf8))
                case .address(let bytes): (2, bytes)
                }
            return SHA256.hash(([kind] + name).span)
        }
    }

    /// What came of an attempt.
    package enum Outcome: Sendable {
        case succeeded, failed
        /// No password was checked.
        case withdrawn
    }

    /// How long a failure counts, in seconds.
    package static let window = 60

    private struct Part {
        struct Entry {
            var count: Int
            let began: Int
            /// Told apart from an earlier entry of the same key.
            let number: Int
        }

        var entries: [SHA256Digest: Entry] = [:]
        /// The entries in the order in which they were made; some may be gone. A ring once it is full.
        var order: [(key: SHA256Digest, number: Int)] = []
        var next = 0
        var lastNumber = 0
    }

    private let parts: [PartLock]
    private let capacity: Int

    private final class PartLock: Sendable {
        let part = Mutex(Part())
    }

    /// - Parameters:
    ///   - partCount: how many parts, each with a lock of its own, the table has.
    ///   - capacity: how many subjects each part holds.
    package init(partCount: Int = 16, capacity: Int = 1024) {
        parts = (0..<partCount).map { _ in PartLock() }
        self.capacity = capacity
    }

    /// Begins an attempt, which must be ended.
    ///
    /// - Parameters:
    ///   - subjects: whom it counts for.
    ///   - now: seconds of a clock that never goes back.
    /// - Returns: nil if a password may be checked, or else after how many seconds to try again; nothing was counted then.
    package func begin(_ subjects: [Subject], now: Int) -> Int? {
        for (index, subject) in subjects.enumerated() {
            guard let wait = count(subject, now: now) else { continue }
            for counted in subjects[..<index] { withdraw(counted) }
            return wait
        }
        return nil
    }

    /// Ends an attempt.
    ///
    /// - Parameters:
    ///   - subjects: those that it began with.
    ///   - outcome: what came of it.
    package func end(_ subjects: [Subject], _ outcome: Outcome) {
        for subject in subjects {
            switch outcome {
            case .failed: break
            case .succeeded where subject.isClearedBySuccess: part(of: subject) { $0.entries[$1] = nil }
            case .succeeded, .withdrawn: withdraw(subject)
            }
        }
    }

    /// How many subjects are in the table.
    package var subjectCount: Int { parts.reduce(0) { $0 + $1.part.withLock(\.entries.count) } }

    private func count(_ subject: Subject, now: Int) -> Int? {
        part(of: subject) { part, key in
            if let entry = part.entries[key], now - entry.began < Self.window {
                guard entry.count < subject.limit else { return entry.began + Self.window - now }
                part.entries[key]?.count += 1
                return nil
            }
            part.lastNumber += 1
            let made = (key: key, number: part.lastNumber)
            if part.order.count < capacity {
                part.order.append(made)
            } else {
                let oldest = part.order[part.next]
                if part.entries[oldest.key]?.number == oldest.number { part.entries[oldest.key] = nil }
                part.order[part.next] = made
                part.next = (part.next + 1) % capacity
            }
            part.entries[key] = Part.Entry(count: 1, began: now, number: part.lastNumber)
            return nil
        }
    }

    private func withdraw(_ subject: Subject) {
        part(of: subject) { part, key in
            guard let entry = part.entries[key] else { return }
            part.entries[key] =
                entry.count > 1 ? Part.Entry(count: entry.count - 1, began: entry.began, number: entry.number) : nil
        }
    }

    private func part<Result>(
        of subject: Subject, _ body: (inout Part, SHA256Digest) -> Result
    ) -> Result {
        let key = subject.key
        return parts[Int(key.word3 % UInt64(parts.count))].part.withLock { body(&$0, key) }
    }
}
