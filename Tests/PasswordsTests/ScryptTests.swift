import Testing

@testable import Passwords

@Suite("RFC 7914 §12: scrypt")
struct ScryptTests {
    struct Vector: Sendable {
        let password: String
        let salt: String
        let cost: UInt64
        let blockSize: UInt64
        let parallelism: UInt64
        let key: String
    }

    // The fourth needs 1 GiB.
    static let vectors = [
        Vector(
            password: "", salt: "", cost: 16, blockSize: 1, parallelism: 1,
            key: "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"),
        Vector(
            password: "password", salt: "NaCl", cost: 1024, blockSize: 8, parallelism: 16,
            key: "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"),
        Vector(
            password: "pleaseletmein", salt: "SodiumChloride", cost: 16384, blockSize: 8, parallelism: 1,
            key: "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"),
    ]

    @Test("The derived keys are those of the standard", arguments: vectors)
    func derives(_ vector: Vector) throws {
        let (password, salt) = (Array(vector.password.utf8), Array(vector.salt.utf8))
        let key = Scrypt.key(
            password.span, salt: salt.span, cost: vector.cost, blockSize: vector.blockSize,
            parallelism: vector.parallelism, count: 64)
        let text = try #require(key).map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()
        #expect(text == vector.key)
    }
}
