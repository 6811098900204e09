import Bytes
import StrictJSON

@testable import JOSE

/// Vectors that lie beside the repository, where somebody has put them there.
enum Corpus {
    private static let folder: String = {
        // Up from the file, its folder, `Tests` and the repository.
        let parts = #filePath.split(separator: "/").dropLast(4)
        return "/" + parts.joined(separator: "/") + "/shared/corpora/jws/wycheproof"
    }()

    static let isPresent = (try? groups("json_web_signature_test")) != nil

    /// The groups of tests in a file.
    static func groups(_ name: String) throws -> [JSONNode] {
        let text = try FileContents.read("\(folder)/\(name).json", limit: 1 << 24)
        return try JSONReader.read(text.span)["testGroups"]?.array ?? []
    }

    /// The key set of a group: its public keys where it has some.
    ///
    /// - Throws: `KeySetError`.
    static func keys(of group: JSONNode) throws(KeySetError) -> KeySet {
        guard let node = group["public"] ?? group["private"] ?? group["publicKeyJwk"] else { throw .notAKeySet }
        if node["keys"] != nil { return try KeySet(node) }
        let element = JSONNode(value: .array([node]), range: node.range)
        let member = JSONMember(name: "keys", nameRange: node.range, node: element)
        return try KeySet(JSONNode(value: .object([member]), range: node.range))
    }
}

extension JSONNode {
    /// The bytes that a member holds in hexadecimal digits.
    func bytes(_ name: String) -> [UInt8] {
        let digits = Array((self[name]?.string ?? "").utf8).compactMap(\.hexadecimalValue)
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
