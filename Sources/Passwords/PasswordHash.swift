internal import Bytes

/// What is kept of a password: a PHC string of scrypt (RFC 7914), such as `$scrypt$ln=14,r=8,p=1$salt$hash`, with salt and
/// hash in base64 without padding.
///
/// It prints as `***`: whoever has a hash can try passwords at leisure.
package struct PasswordHash: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// How expensive it is to try a password.
    package let cost: Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// The costs N that are accepted, by their binary logarithms: a login takes some 50 ms and 16 MiB, or twice as much.
    package enum Cost: Int, Sendable, CaseIterable {
        case usual = 14
        case high = 15
    }

    private static let blockSize = 8
    private static let parallelism = 1
    private static let saltSizes = 8...64
    private static let hashSizes = 16...64

    /// Reads a PHC string.
    ///
    /// - Parameter text: the string, with N = 2¹⁴ or 2¹⁵, r = 8 and p = 1.
    /// - Throws: `PasswordHashError`, with the place in `text`.
    package init(phc text: String) throws(PasswordHashError) {
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].isEmpty, Array(parts[1]) == Array("scrypt".utf8) else {
            throw PasswordHashError(.notScrypt, at: 0)
        }
        guard parts.count == 5 else { throw PasswordHashError(.notFiveParts, at: 0) }
        let settings = String(decoding: parts[2], as: UTF8.self)
        guard
            let cost = Cost.allCases.first(where: {
                settings == "ln=\($0.rawValue),r=\(Self.blockSize),p=\(Self.parallelism)"
            })
        else { throw PasswordHashError(.settings, at: parts[2].startIndex) }
        self.cost = cost
        salt = try Self.decode(parts[3], sizes: Self.saltSizes, .salt)
        hash = try Self.decode(parts[4], sizes: Self.hashSizes, .hash)
    }

    private static func decode(
        _ part: ArraySlice<UInt8>, sizes: ClosedRange<Int>, _ kind: PasswordHashError.Kind
    ) throws(PasswordHashError) -> [UInt8] {
        let text = Array(part)
        guard let bytes = Base64.decode(text.span, isPadded: false), sizes.contains(bytes.count) else {
            throw PasswordHashError(kind, at: part.startIndex)
        }
        return bytes
    }

    /// Hashes a password with a salt that nobody can guess; takes tens of milliseconds, so never on an event loop.
    ///
    /// - Parameters:
    ///   - password: the password.
    ///   - cost: how expensive it is to try one.
    /// - Throws: `ScryptError` if there is not enough memory.
    package init(of password: Span<UInt8>, cost: Cost = .usual) throws(ScryptError) {
        let salt = Self.randomBytes(count: 16)
        hash = try Self.derive(password, salt: salt, cost: cost, count: 32)
        self.salt = salt
        self.cost = cost
    }

    /// A hash that no password has: it stands in for those of users that do not exist, and checking it takes as long.
    package static func decoy(cost: Cost) -> PasswordHash {
        PasswordHash(cost: cost, salt: randomBytes(count: 16), hash: randomBytes(count: 32))
    }

    private init(cost: Cost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Whether the hash is that of `password`; takes tens of milliseconds, so never on an event loop.
    ///
    /// - Throws: `ScryptError` if there is not enough memory.
    package func matches(_ password: Span<UInt8>) throws(ScryptError) -> Bool {
        Scrypt.areEqual(try Self.derive(password, salt: salt, cost: cost, count: hash.count), hash)
    }

    /// The PHC string.
    package var phc: String {
        func text(_ bytes: [UInt8]) -> String { String(decoding: Base64.encode(bytes.span), as: UTF8.self) }
        return "$scrypt$ln=\(cost.rawValue),r=\(Self.blockSize),p=\(Self.parallelism)$\(text(salt))$\(text(hash))"
    }

    package var description: String { "***" }
    package var debugDescription: String { "***" }

    private static func derive(
        _ password: Span<UInt8>, salt: [UInt8], cost: Cost, count: Int
    ) throws(ScryptError) -> [UInt8] {
        let key = Scrypt.key(
            password, salt: salt.span, cost: 1 << UInt64(cost.rawValue), blockSize: UInt64(blockSize),
            parallelism: UInt64(parallelism), count: count)
        guard let key else { throw .noMemory }
        return key
    }

    private static func randomBytes(count: Int) -> [UInt8] {
        var numbers = RandomNumbers()
        return numbers.bytes(count: count)
    }
}

/// Why a password could not be hashed.
package enum ScryptError: Error, Sendable {
    case noMemory
}

/// Why a text is not the hash of a password, and where.
package struct PasswordHashError: Error, Equatable, Sendable {
    /// What is wrong with a text.
    package enum Kind: Equatable, Sendable {
        case notScrypt, notFiveParts, settings, salt, hash
    }

    /// What is wrong.
    package let kind: Kind
    /// The offset in the text's UTF-8 bytes.
    package let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// What is wrong, for people; never with a part of the text, which may be a password.
    package var message: String {
        switch kind {
        case .notScrypt: "this is not the hash of a password: make one with \"gateway token hash\""
        case .notFiveParts: "a hash is written \"$scrypt$ln=14,r=8,p=1$salt$hash\""
        case .settings: "a hash is made with \"ln=14,r=8,p=1\" or \"ln=15,r=8,p=1\""
        case .salt: "the salt is 8 to 64 bytes in base64 without padding"
        case .hash: "the hash is 16 to 64 bytes in base64 without padding"
        }
    }
}
