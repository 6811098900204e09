import Bytes
import Passwords
import Testing

@Suite("PHC strings of scrypt")
struct PasswordHashTests {
    /// Made by another implementation: hashlib of Python.
    static let usual =
        "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$GEDJYvr1TTZZVHi5iklTNhA/nLp9g5KhNbwch1iOI78"
    static let high =
        "$scrypt$ln=15,r=8,p=1$MDEyMzQ1Njc$"
        + "rHCQMG7ZF3IWNF+YT1NaTX98lYw4S8CYNVGpk5PZRwSju7DNIXly5HCMjaZgQTrwpv3krb5lI0+WpDWNxcEIBg"

    static func matches(_ hash: PasswordHash, _ password: String) throws -> Bool {
        try hash.matches(Array(password.utf8).span)
    }

    @Test(
        "The password that a hash was made of matches, and no other", arguments: [(usual, "pässword"), (high, "high")])
    func matches(phc: String, password: String) throws {
        let hash = try PasswordHash(phc: phc)
        #expect(hash.phc == phc)
        #expect(try Self.matches(hash, password))
        for wrong in ["", password + " ", String(password.dropLast()), password.uppercased()] {
            #expect(try !Self.matches(hash, wrong))
        }
    }

    @Test("Each hash that is made has a salt of its own, and is read again", arguments: PasswordHash.Cost.allCases)
    func makes(cost: PasswordHash.Cost) throws {
        let password = Array("correct horse".utf8)
        let (one, other) = (
            try PasswordHash(of: password.span, cost: cost), try PasswordHash(of: password.span, cost: cost)
        )
        #expect(one.phc != other.phc)
        #expect(try PasswordHash(phc: one.phc) == one)
        #expect(one.cost == cost)
        #expect(try one.matches(password.span) && other.matches(password.span))
    }

    @Test("A decoy has the cost that is asked for, and no password", arguments: PasswordHash.Cost.allCases)
    func decoy(cost: PasswordHash.Cost) throws {
        let decoy = PasswordHash.decoy(cost: cost)
        #expect(decoy.cost == cost)
        #expect(try !Self.matches(decoy, ""))
    }

    static let refused: [(String, PasswordHashError.Kind, Int)] = [
        ("", .notScrypt, 0), ("secret", .notScrypt, 0), ("$", .notScrypt, 0),
        ("scrypt$ln=14,r=8,p=1$a$b", .notScrypt, 0),
        ("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$aGFzaA", .notScrypt, 0), ("$scrypt", .notFiveParts, 0),
        (usual + "$", .notFiveParts, 0), ("$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg", .notFiveParts, 0),
        (usual.replacing("ln=14", with: "ln=13"), .settings, 8),
        (usual.replacing("ln=14", with: "ln=16"), .settings, 8),
        (usual.replacing("ln=14", with: "ln=014"), .settings, 8),
        (usual.replacing("ln=14", with: "ln=99999999999999999999"), .settings, 8),
        (usual.replacing("r=8", with: "r=1"), .settings, 8), (usual.replacing("p=1", with: "p=2"), .settings, 8),
        (usual.replacing("ln=14,r=8", with: "r=8,ln=14"), .settings, 8),
        (usual.replacing("MDEyMzQ1Njc4OWFiY2RlZg", with: ""), .salt, 22),
        (usual.replacing("MDEyMzQ1Njc4OWFiY2RlZg", with: "MDEyMzQ1Ng"), .salt, 22),
        (usual.replacing("MDEyMzQ1Njc4OWFiY2RlZg", with: "MDEyMzQ1Njc4OWFiY2RlZg=="), .salt, 22),
        (usual.replacing("MDEyMzQ1Njc4OWFiY2RlZg", with: String(repeating: "AAAA", count: 22)), .salt, 22),
        (usual.replacing("I78", with: "I79"), .hash, 45), (usual.replacing("I78", with: "I-8"), .hash, 45),
        ("$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAA", .hash, 45),
    ]

    @Test("Anything else is refused, with the place", arguments: refused)
    func refuses(text: String, kind: PasswordHashError.Kind, offset: Int) {
        let error = #expect(throws: PasswordHashError.self) { _ = try PasswordHash(phc: text) }
        #expect(error?.kind == kind)
        #expect(error?.offset == offset)
    }

    @Test("A hash that is printed shows nothing of itself")
    func printsNothing() throws {
        let hash = try PasswordHash(phc: Self.usual)
        #expect("\(hash)" == "***")
        #expect(String(reflecting: hash) == "***")
    }
}
