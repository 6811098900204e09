internal import COpenSSL

/// One key for session tickets: a name, a key for AES-CBC and one for HMAC-SHA256. It never prints, and is wiped.
// SAFETY: the bytes are written in `init` only, are alive as long as this object, and are freed by it.
@safe
final class TicketKey: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    /// When it was made, in seconds since 1970.
    let made: Int64
    /// The name, the key for HMAC, and the key for AES.
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// Of each of the two keys: 16 or 32.
    private let size: Int

    static let nameSize = 16

    /// Makes a new key.
    init(made: Int64) {
        self.made = made
        size = 32
        // SAFETY: the bytes are 80, and all are written: a failure of the random generator would leave tickets that
        // anybody can make.
        unsafe bytes = .allocate(capacity: 80)
        unsafe bytes.initialize(repeating: 0)
        let isFilled =
            unsafe RAND_bytes(bytes.baseAddress, 16) == 1
            && RAND_priv_bytes(bytes.baseAddress.map { unsafe $0 + 16 }, 64) == 1
        precondition(isFilled, "the system gives no random numbers")
    }

    /// Takes a key from a file, as nginx writes them: 80 bytes are name, HMAC, AES-256; 48 bytes are name, AES-128, HMAC.
    ///
    /// - Parameter contents: the file; nil is made of any other length.
    init?(contents: [UInt8]) {
        guard contents.count == 48 || contents.count == 80 else { return nil }
        made = 0
        size = (contents.count - Self.nameSize) / 2
        let isShort = size == 16
        // SAFETY: both have the same count.
        unsafe bytes = .allocate(capacity: contents.count)
        _ = unsafe bytes.initialize(from: contents)
        guard isShort else { return }
        for index in 16..<32 { unsafe bytes.swapAt(index, index + 16) }
    }

    deinit {
        // SAFETY: nobody else can have the bytes any more.
        unsafe OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        unsafe bytes.deallocate()
    }

    func isNamed(_ name: Span<UInt8>) -> Bool {
        guard name.count == Self.nameSize else { return false }
        // SAFETY: the name is the first 16 bytes.
        for index in name.indices where unsafe name[index] != bytes[index] { return false }
        return true
    }

    /// Writes the name, 16 bytes, to `target`.
    func writeName(to target: UnsafeMutablePointer<UInt8>) {
        // SAFETY: the caller gives room for 16 bytes.
        for index in 0..<Self.nameSize { unsafe target[index] = bytes[index] }
    }

    /// Readies OpenSSL's contexts for one ticket.
    ///
    /// - Returns: whether OpenSSL could.
    func begin(_ cipher: OpaquePointer?, _ mac: OpaquePointer?, iv: UnsafePointer<UInt8>, encrypts: Bool) -> Bool {
        // SAFETY: both keys have `size` bytes, and OpenSSL copies them; the caller gives 16 bytes of `iv`.
        let start = unsafe bytes.baseAddress.map { unsafe $0 + Self.nameSize }
        return unsafe gateway_ticket_begin(
            cipher, mac, start.map { unsafe $0 + size }, start, size, iv, encrypts ? 1 : 0) == 1
    }

    var description: String { "ticket key" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
