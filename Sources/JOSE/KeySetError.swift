/// Why a key set was refused.
package enum KeySetError: Error, Equatable, Sendable {
    /// The text is not JSON; where, and what is wrong.
    case malformed(detail: String, offset: Int)
    /// The text is JSON but not an object with an array `keys` (RFC 7517 §5).
    case notAKeySet
    /// The set has more keys than `KeySet.maximumCount`.
    case tooManyKeys
    /// No key of the set can verify signatures.
    case noUsableKey
    /// The set has secrets and public keys.
    case mixedKeys
    /// A key is wrong in itself.
    case key(index: Int, keyID: String?, fault: KeyFault)
    /// Text in PEM has no block, or one that is not well-formed (RFC 7468 §3).
    case malformedPEM
    /// A block of a text in PEM is wrong; the first has the number 1.
    case block(number: Int, label: String, fault: KeyFault)
    /// A secret by itself is wrong.
    case secret(KeyFault)
}

/// What is wrong with a key.
package enum KeyFault: Error, Equatable, Sendable {
    /// The element of `keys` is not an object.
    case notAnObject
    /// This member is missing.
    case missing(String)
    /// This member has a value of another type, or an empty one.
    case wrongType(String)
    /// This member is not canonical base64url (RFC 7515 §2).
    case notBase64URL(String)
    /// The secret has fewer bytes than its algorithm, or any, asks for (RFC 7518 §3.2).
    case secretSize(bytes: Int, minimum: Int)
    /// The RSA modulus has this many bits: less than 2048, or more than 16 384.
    case modulusSize(bits: Int)
    /// The RSA exponent or modulus is even, the exponent is less than 3 or more than 64 bits long, or the primes are known
    /// to be weak (CVE-2017-15361).
    case weakRSA
    /// The coordinates are not as long as the curve asks for.
    case coordinateLength
    /// The point is not on the curve.
    case pointNotOnCurve
    /// `alg` names an algorithm that this type of key cannot have.
    case algorithmDoesNotFit(String)
    /// `use` and `key_ops` contradict each other.
    case contradictoryUse
    /// Two keys have this `kid`.
    case duplicateKeyID(String)
    /// A private key stands where a public key belongs.
    case privateKey
    /// A block in PEM holds neither a public key nor a certificate.
    case notAKey
    /// The certificate's key usage does not include signatures (RFC 5280 §4.2.1.3).
    case certificateUsage
    /// The key is of a type that signs no tokens.
    case unsupportedType
    /// The key is of the same type as that of another block in PEM, where no `kid` tells them apart.
    case sameType(number: Int)
    /// The key was refused by OpenSSL.
    case refused
}

extension KeySetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let detail, let offset): "not JSON: \(detail) (byte \(offset))"
        case .notAKeySet: "not a JWK Set: an object with an array \"keys\" is expected"
        case .tooManyKeys: "more than \(KeySet.maximumCount) keys"
        case .noUsableKey: "no key that can verify signatures"
        case .mixedKeys: "secrets (\"kty\": \"oct\") and public keys do not belong into one set"
        case .key(let index, let keyID?, let fault): "keys[\(index)] (kid \"\(keyID)\"): \(fault)"
        case .key(let index, nil, let fault): "keys[\(index)]: \(fault)"
        case .malformedPEM: "not PEM: well-formed blocks with public keys or certificates are expected"
        case .block(let number, let label, let fault): "block \(number) (\(label)): \(fault)"
        case .secret(let fault): "\(fault)"
        }
    }
}

extension KeyFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnObject: "a key is an object"
        case .missing(let name): "\"\(name)\" is missing"
        case .wrongType(let name): "\"\(name)\" is not of the right type"
        case .notBase64URL(let name): "\"\(name)\" is not base64url without padding"
        case .secretSize(let bytes, let minimum): "the secret has \(bytes) bytes, at least \(minimum) are needed"
        case .modulusSize(let bits): "RSA keys have 2048 to 16384 bits, this one has \(bits)"
        case .weakRSA: "the RSA modulus or exponent is not one that RSA may have"
        case .coordinateLength: "the coordinates are not as long as the curve asks for"
        case .pointNotOnCurve: "the point is not on the curve"
        case .algorithmDoesNotFit(let name): "\"alg\": \"\(name)\" does not fit the type of the key"
        case .contradictoryUse: "\"use\" and \"key_ops\" contradict each other"
        case .duplicateKeyID(let keyID): "two keys have the kid \"\(keyID)\""
        case .privateKey: "a private key; only public keys and certificates belong here"
        case .notAKey: "neither a public key nor a certificate"
        case .certificateUsage: "the key usage of the certificate does not include signatures"
        case .unsupportedType: "a key of a type that signs no tokens"
        case .sameType(let number):
            "a key of the same type as in block \(number); several need a JWK Set with a kid for each"
        case .refused: "the key was refused by OpenSSL"
        }
    }
}
