import JOSE

/// An RS256 token of 681 bytes, as in the other benchmarks, and the key set that it is verified with.
struct SampleToken {
    /// When it is used, in seconds since 1970.
    static let now = 1_800_000_000

    let text: [UInt8]
    let keys: [UInt8]

    init() throws {
        let key = try SigningKey(generating: .rs256)
        keys = key.publicKeySet()
        let header = Array("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"\(key.keyID)\"}".utf8)
        let claims = """
            {"iss":"https://issuer.example","aud":"https://api.example","sub":"alice","scope":"items:read items:write",\
            "iat":\(Self.now),"exp":\(Self.now + 3600),"jti":"000000000001","pad":"
            """
        // A signature takes 342 bytes, the dots 2, and three bytes become four characters.
        let length = (681 - 2 - 342 - (header.count * 4 + 2) / 3) * 3 / 4
        let padded = Array("\(claims)\(String(repeating: "p", count: length - claims.utf8.count - 2))\"}".utf8)
        guard let token = key.token(header: header.span, claims: padded.span) else { throw SampleError.notSigned }
        guard token.count == 681 else { throw SampleError.wrongLength(token.count) }
        text = token
    }

    /// Takes the token's SHA-256 so many times.
    func hash(count: Int) {
        var sum: UInt64 = 0
        for _ in 0..<count { sum ^= SHA256.hash(text.span).word0 }
        precondition(count.isMultiple(of: 2) == (sum == 0), "the same bytes have the same digest")
    }
}

enum SampleError: Error {
    case notSigned
    case wrongLength(Int)
    case wrongRoute
}
