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
    /// A key is wrong in itself.
    case key(index: Int, keyID: String?, fault: KeyFault)
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
    /// The key is a shared secret (`"kty": "oct"`); secrets have no place in a key set.
    case sharedSecret
    /// The RSA modulus has this many bits: less than 2048, or more than 16 384.
    case modulusSize(bits: Int)
    /// The RSA exponent or modulus is even, or the exponent is less than 3 or more than 64 bits long.
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
        case .key(let index, let keyID?, let fault): "keys[\(index)] (kid \"\(keyID)\"): \(fault)"
        case .key(let index, nil, let fault): "keys[\(index)]: \(fault)"
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
        case .sharedSecret: "a shared secret (\"kty\": \"oct\") does not belong into a set of public keys"
        case .modulusSize(let bits): "RSA keys have 2048 to 16384 bits, this one has \(bits)"
        case .weakRSA: "the RSA modulus or exponent is not one that RSA may have"
        case .coordinateLength: "the coordinates are not as long as the curve asks for"
        case .pointNotOnCurve: "the point is not on the curve"
        case .algorithmDoesNotFit(let name): "\"alg\": \"\(name)\" does not fit the type of the key"
        case .contradictoryUse: "\"use\" and \"key_ops\" contradict each other"
        case .duplicateKeyID(let keyID): "two keys have the kid \"\(keyID)\""
        case .refused: "the key was refused by OpenSSL"
        }
    }
}
