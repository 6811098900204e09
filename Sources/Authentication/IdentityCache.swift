internal import JOSE
internal import Revocation

/// An identity that a token was verified to have: never a decision.
final class CachedIdentity {
    let token: SHA256Digest
    /// The issuer's settings and everything else that the principal was made with.
    let settings: SHA256Digest
    let signingKey: SHA256Digest
    let validity: TokenValidity
    let principal: Principal
    /// From when until when it is known, in seconds since 1970: what an issuer says is not believed for long.
    let known: Range<Int>
    /// Whether the identity was used since the cache's hand last came by.
    fileprivate(set) var isRecent = false
    /// The number of the list of what is revoked that it was last looked up in, and until when it is revoked by that.
    private var denylistNumber = 0
    private var revocationEnd = Int.min

    init(
        token: SHA256Digest, settings: SHA256Digest, signingKey: SHA256Digest, validity: TokenValidity,
        principal: Principal, known: Range<Int> = 0..<Int.max
    ) {
        self.token = token
        self.settings = settings
        self.signingKey = signingKey
        self.validity = validity
        self.principal = principal
        self.known = known
    }

    /// Whether the token was revoked; it is looked up once in each list.
    func isRevoked(by denylist: Denylist, now: Int) -> Bool {
        if denylist.number != denylistNumber {
            denylistNumber = denylist.number
            revocationEnd = denylist.end(ofRevocationOf: principal.revocable)
        }
        return now < revocationEnd
    }
}

/// The identities of tokens seen lately, found by the token's SHA-256; when it is full, the clock algorithm makes room.
///
/// Looking up does not allocate. Only verified tokens get in, so that nobody else can fill it.
final class IdentityCache {
    let capacity: Int
    private var identities: [CachedIdentity] = []
    /// Positions in `identities`, -1 for free; a power of two, at least half of it free, searched linearly.
    private var table = [Int32](repeating: -1, count: 64)
    private var hand = 0

    /// - Parameter capacity: how many identities are kept.
    init(capacity: Int) {
        self.capacity = min(max(capacity, 0), 1 << 24)
    }

    var count: Int { identities.count }

    /// The identity of the token, or nil.
    func identity(of token: SHA256Digest) -> CachedIdentity? {
        var slot = home(of: token)
        while table[slot] >= 0 {
            let identity = identities[Int(table[slot])]
            if identity.token == token {
                identity.isRecent = true
                return identity
            }
            slot = (slot + 1) & (table.count - 1)
        }
        return nil
    }

    /// Keeps an identity whose token is not in the cache.
    func insert(_ identity: CachedIdentity) {
        guard capacity > 0 else { return }
        if identities.count == capacity { makeRoom() }
        if (identities.count + 1) * 2 > table.count { grow() }
        enter(identities.count, under: identity.token)
        identities.append(identity)
    }

    /// Forgets the identity of the token, if it is there.
    func remove(_ token: SHA256Digest) {
        guard let slot = slot(of: token) else { return }
        let position = Int(table[slot])
        free(slot)
        // The last identity takes the place of the one that goes.
        let last = identities.count - 1
        if position != last, let lastSlot = self.slot(of: identities[last].token) {
            table[lastSlot] = Int32(position)
            identities[position] = identities[last]
        }
        identities.removeLast()
    }

    private func makeRoom() {
        while true {
            if hand >= identities.count { hand = 0 }
            guard identities[hand].isRecent else { break }
            identities[hand].isRecent = false
            hand += 1
        }
        remove(identities[hand].token)
        hand += 1
    }

    private func home(of token: SHA256Digest) -> Int {
        Int(truncatingIfNeeded: token.word0) & (table.count - 1)
    }

    private func slot(of token: SHA256Digest) -> Int? {
        var slot = home(of: token)
        while table[slot] >= 0 {
            if identities[Int(table[slot])].token == token { return slot }
            slot = (slot + 1) & (table.count - 1)
        }
        return nil
    }

    private func enter(_ position: Int, under token: SHA256Digest) {
        var slot = home(of: token)
        while table[slot] >= 0 { slot = (slot + 1) & (table.count - 1) }
        table[slot] = Int32(position)
    }

    private func grow() {
        table = [Int32](repeating: -1, count: table.count * 2)
        for (position, identity) in identities.enumerated() { enter(position, under: identity.token) }
    }

    /// Frees a slot and moves those behind it that would not be found any more.
    private func free(_ slot: Int) {
        let mask = table.count - 1
        var hole = slot
        var next = (slot + 1) & mask
        while table[next] >= 0 {
            let home = home(of: identities[Int(table[next])].token)
            if (next - home) & mask >= (next - hole) & mask {
                table[hole] = table[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        table[hole] = -1
    }
}
