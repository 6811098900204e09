internal import Bytes
internal import COpenSSL
internal import Synchronization

/// The keys of this process for session tickets (RFC 5077, RFC 8446 section 4.6.1), which all workers share.
///
/// A key encrypts for an hour; then a new one does, and the old one still decrypts until the last ticket that it made has
/// expired. Who learns a key later cannot read what was said with TLS 1.3, and of TLS 1.2 no more than such a time.
package final class TicketKeys: Sendable {
    /// How long one key encrypts, in seconds.
    static let rotation: Int64 = 3600
    /// How long a ticket is good, in seconds.
    static let lifetime: Int64 = 7200
    /// How long sessions can be resumed, ticket after ticket, until there must be a full handshake, in seconds.
    static let longestSession: Int64 = 86400

    /// The newest first.
    private let keys: Mutex<[TicketKey]>
    private let rotates: Bool
    private let clock: @Sendable () -> Int64

    /// Keys that this process makes, and that rotate.
    ///
    /// - Parameter clock: tells the time in seconds since 1970.
    package init(clock: @escaping @Sendable () -> Int64 = { WallClock.microseconds / 1_000_000 }) {
        keys = Mutex([])
        rotates = true
        self.clock = clock
    }

    /// Keys from files, for several gateways to share: the first encrypts, all decrypt.
    ///
    /// - Parameters:
    ///   - contents: each 48 or 80 bytes, as nginx has them: name, then the keys for AES and HMAC, or the other way round.
    ///   - clock: tells the time in seconds since 1970.
    /// - Throws: `.settings` with the key of a wrong length.
    init(contents: [[UInt8]], clock: @escaping @Sendable () -> Int64) throws(TLSError) {
        var fixed: [TicketKey] = []
        for (index, bytes) in contents.enumerated() {
            guard let key = TicketKey(contents: bytes) else {
                throw .settings(.ticketKey(index), .keyLength(bytes.count))
            }
            fixed.append(key)
        }
        keys = Mutex(fixed)
        rotates = false
        self.clock = clock
    }

    /// The time in seconds since 1970.
    var now: Int64 { clock() }

    /// The keys of `settings` if there are any, or else these; with this clock.
    func replaced(by settings: [[UInt8]]) throws(TLSError) -> TicketKeys {
        settings.isEmpty ? self : try TicketKeys(contents: settings, clock: clock)
    }

    /// The key that encrypts now.
    func current() -> TicketKey {
        let now = clock()
        return keys.withLock { keys in
            if let newest = keys.first, !rotates || now - newest.made < Self.rotation { return newest }
            let new = TicketKey(made: now)
            keys.removeAll { now - $0.made >= Self.rotation + Self.lifetime }
            keys.insert(new, at: 0)
            return new
        }
    }

    /// The key that made a ticket.
    ///
    /// - Parameter name: the name that the ticket gives, 16 bytes.
    /// - Returns: the key, and whether it is the one that encrypts now; nil if it is unknown or has expired.
    func key(named name: Span<UInt8>) -> (key: TicketKey, isCurrent: Bool)? {
        let now = clock()
        let rotates = rotates
        return keys.withLock { keys in
            for (index, key) in keys.enumerated() where key.isNamed(name) {
                let age = now - key.made
                if rotates && age >= Self.rotation + Self.lifetime { return nil }
                return (key, index == 0 && (!rotates || age < Self.rotation))
            }
            return nil
        }
    }
}
