internal import Bytes
internal import COpenSSL
internal import StrictJSON

/// Public keys and certificates in PEM (RFC 7468).
///
/// Each key goes the way of the others: it is written as a JWK and read from that, so that there is one place that says
/// which keys are good. A certificate is only the wrapping of its key: its dates, names and issuer are not looked at,
/// since what is trusted is the operator's file.
enum PEMText {
    /// - Throws: `KeySetError.malformedPEM`, or `KeySetError.block` for the first block that is wrong.
    static func keys(in text: Span<UInt8>) throws(KeySetError) -> [VerificationKey] {
        let blocks = blocks(in: text)
        // OpenSSL passes over what does not look like the start of a block to it.
        guard !blocks.isEmpty, blocks.count == text.count(of: "-----BEGIN") else { throw .malformedPEM }
        guard blocks.count <= KeySet.maximumCount else { throw .tooManyKeys }
        var keys: [VerificationKey] = []
        var numbers: [KeyType: Int] = [:]
        for (index, block) in blocks.enumerated() {
            do throws(KeyFault) {
                let (type, key) = try key(in: block)
                if let number = numbers.updateValue(index + 1, forKey: type) { throw .sameType(number: number) }
                keys.append(key)
            } catch {
                throw .block(number: index + 1, label: block.label, fault: error)
            }
        }
        return keys
    }

    private struct Block {
        let label: String
        let content: [UInt8]
    }

    /// The blocks up to the first that is not well-formed.
    private static func blocks(in text: Span<UInt8>) -> [Block] {
        // SAFETY: the BIO reads the text inside this closure only, and is freed at its end. OpenSSL hands over the three
        // parts of each block, which are freed after they were copied.
        unsafe text.withUnsafeBufferPointer { text in
            var blocks: [Block] = []
            guard let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(clamping: text.count)) else { return [] }
            defer {
                unsafe BIO_free(input)
                ERR_clear_error()
            }
            var (label, header): (UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?)
            var content: UnsafeMutablePointer<UInt8>?
            var count = 0
            while unsafe PEM_read_bio(input, &label, &header, &content, &count) == 1 {
                defer { unsafe gateway_free_pem(label, header, content, count) }
                guard let label = unsafe label else { break }
                let bytes = unsafe UnsafeBufferPointer(start: content, count: count)
                unsafe blocks.append(Block(label: String(cString: label), content: Array(bytes)))
            }
            return blocks
        }
    }

    private static func key(in block: Block) throws(KeyFault) -> (KeyType, VerificationKey) {
        if block.label.hasSuffix("PRIVATE KEY") { throw .privateKey }
        // SAFETY: a key that was read has no other owner, and is freed when its parts were copied.
        let handle = try unsafe handle(of: block)
        defer {
            unsafe EVP_PKEY_free(handle)
            ERR_clear_error()
        }
        guard let type = unsafe KeyParts.type(of: handle),
            let members = unsafe KeyParts.requiredMembers(of: handle, type: type)
        else { throw .unsupportedType }
        let text = Array("{\(members)}".utf8)
        guard let node = try? JSONReader.read(text.span) else { throw .refused }
        guard case .usable(let key) = try JSONWebKey(node).read() else { throw .unsupportedType }
        return (type, key)
    }

    /// The key in a block, which the caller frees.
    private static func handle(of block: Block) throws(KeyFault) -> OpaquePointer {
        let count = block.content.count
        var fault = KeyFault.refused
        // SAFETY: OpenSSL reads `count` bytes from `start` on, moves it behind what it read, and copies what it keeps.
        let handle = unsafe block.content.withUnsafeBufferPointer { content -> OpaquePointer? in
            var start = content.baseAddress
            let key: OpaquePointer?
            switch block.label {
            case "PUBLIC KEY": unsafe key = d2i_PUBKEY(nil, &start, count)
            case "RSA PUBLIC KEY": unsafe key = d2i_PublicKey(EVP_PKEY_RSA, nil, &start, count)
            case "CERTIFICATE", "X509 CERTIFICATE":
                let certificate = unsafe d2i_X509(nil, &start, count)
                defer { unsafe X509_free(certificate) }
                unsafe key = X509_get_pubkey(certificate)
                if unsafe certificate != nil && !isForSignatures(certificate) { fault = .certificateUsage }
            default:
                unsafe key = nil
                fault = .notAKey
            }
            let isWhole = unsafe start == content.baseAddress.map { unsafe $0 + count }
            if isWhole && fault == .refused { return unsafe key }
            unsafe EVP_PKEY_free(key)
            return nil
        }
        ERR_clear_error()
        guard let handle = unsafe handle else { throw fault }
        return unsafe handle
    }

    /// Whether the key usage of a certificate, if it has one, includes signatures of data (RFC 5280 §4.2.1.3).
    private static func isForSignatures(_ certificate: OpaquePointer?) -> Bool {
        // SAFETY: the caller keeps the certificate alive. Without the extension all bits are set.
        unsafe X509_get_key_usage(certificate) & UInt32(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION) != 0
    }
}

extension Span<UInt8> {
    /// How often `text`, a literal, stands in the bytes.
    fileprivate func count(of text: StaticString) -> Int {
        let size = text.utf8CodeUnitCount
        var count = 0
        for start in 0..<Swift.max(self.count - size + 1, 0) where extracting(start..<start + size).equals(text) {
            count += 1
        }
        return count
    }
}
