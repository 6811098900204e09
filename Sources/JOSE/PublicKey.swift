internal import Bytes
internal import COpenSSL

/// The kinds of keys that signatures are verified with.
enum KeyType: Hashable, Sendable {
    case rsa
    case p256, p384, p521
    case ed25519, ed448

    /// The length of a coordinate or, for Edwards curves, of a public key in bytes; for RSA 0.
    var size: Int {
        switch self {
        case .rsa: 0
        case .p256, .ed25519: 32
        case .p384: 48
        case .p521: 66
        case .ed448: 57
        }
    }

    /// OpenSSL's name of the key type or group.
    var name: String {
        switch self {
        case .rsa: "RSA"
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        case .ed25519: "ED25519"
        case .ed448: "ED448"
        }
    }
}

/// A public key in OpenSSL's form.
///
/// Sendable because the key does not change: what OpenSSL computes lazily for it is behind OpenSSL's own locks. The
/// contexts that use it belong to one thread each (`PublicKeyChecker`).
// SAFETY: the handle is alive as long as this object, which frees it in `deinit`.
@safe
final class PublicKey: @unchecked Sendable {
    let type: KeyType
    /// The length of the RSA modulus in bytes; otherwise 0.
    let modulusSize: Int
    let handle: OpaquePointer

    private init?(_ handle: OpaquePointer?, type: KeyType, modulusSize: Int = 0) {
        ERR_clear_error()
        // SAFETY: the caller hands over a key that it just made and has no other owner.
        guard let handle = unsafe handle else { return nil }
        self.type = type
        self.modulusSize = modulusSize
        unsafe self.handle = handle
    }

    deinit {
        // SAFETY: this object owns the key and nobody else can have it any more.
        unsafe EVP_PKEY_free(handle)
    }

    /// An RSA key (RFC 7518 §6.3.1).
    ///
    /// - Parameters:
    ///   - modulus: `n`, most significant byte first, without leading zeros.
    ///   - exponent: `e`, likewise.
    /// - Returns: the key, or nil if OpenSSL refuses it.
    static func rsa(modulus: [UInt8], exponent: [UInt8]) -> PublicKey? {
        var modulusBytes = [UInt8](modulus.reversed())
        var exponentBytes = [UInt8](exponent.reversed())
        // SAFETY: OpenSSL copies the numbers during the call.
        let handle = unsafe modulusBytes.withUnsafeMutableBufferPointer { n in
            unsafe exponentBytes.withUnsafeMutableBufferPointer { e in
                unsafe gateway_rsa_public_key(n.baseAddress, n.count, e.baseAddress, e.count)
            }
        }
        return unsafe PublicKey(handle, type: .rsa, modulusSize: modulus.count)
    }

    /// A key on a NIST curve (RFC 7518 §6.2.1).
    ///
    /// - Parameters:
    ///   - type: the curve.
    ///   - coordinates: `x` and `y`, each as long as the curve's field.
    /// - Returns: the key, or nil if the point is not on the curve.
    static func ellipticCurve(_ type: KeyType, coordinates: [UInt8]) -> PublicKey? {
        var point: [UInt8] = [4] + coordinates
        // SAFETY: OpenSSL copies the name and the point during the call.
        let handle = unsafe point.withUnsafeMutableBufferPointer { point in
            unsafe gateway_ec_public_key(type.name, point.baseAddress, point.count)
        }
        guard let key = unsafe PublicKey(handle, type: type) else { return nil }
        return key.isValid ? key : nil
    }

    /// A key on an Edwards curve (RFC 8037 §2).
    ///
    /// - Parameters:
    ///   - type: the curve.
    ///   - bytes: `x`, of the curve's length.
    /// - Returns: the key, or nil if OpenSSL refuses it.
    static func edwards(_ type: KeyType, bytes: [UInt8]) -> PublicKey? {
        // SAFETY: OpenSSL copies the bytes during the call.
        let handle = unsafe bytes.withUnsafeBufferPointer {
            unsafe EVP_PKEY_new_raw_public_key_ex(nil, type.name, nil, $0.baseAddress, $0.count)
        }
        return unsafe PublicKey(handle, type: type)
    }

    /// Whether the key passes OpenSSL's full check: for curves, that the point is on the curve and not at infinity.
    private var isValid: Bool {
        // SAFETY: the context is freed before the key can be.
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle, nil) else { return false }
        defer {
            // SAFETY: made above, used nowhere else.
            unsafe EVP_PKEY_CTX_free(context)
            ERR_clear_error()
        }
        // SAFETY: the context is alive.
        return unsafe EVP_PKEY_public_check(context) == 1
    }
}
