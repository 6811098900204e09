/// What is looked at in the modulus of an RSA key, beyond its size, before it is trusted.
enum RSAModulus {
    /// Whether the modulus looks as if its primes came from a generator that leaves so much structure in them that they can
    /// be found (ROCA, CVE-2017-15361): modulo every small prime it is a power of 65537.
    ///
    /// One sound key in some hundred millions looks so, too.
    static func hasStructuredPrimes(_ modulus: [UInt8]) -> Bool {
        primes.allSatisfy { prime in
            let rest = modulus.reduce(0) { ($0 << 8 | Int($1)) % prime }
            var power = 1
            repeat {
                if power == rest { return true }
                power = power * 65537 % prime
            } while power != 1
            return false
        }
    }

    /// The primes up to 167.
    private static let primes = (2...167).filter { number in !(2..<number).contains { number.isMultiple(of: $0) } }
}
