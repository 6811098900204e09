internal import Bytes
internal import JOSE
internal import Outbound
internal import StrictJSON
internal import Transport

/// The last good keys of an issuer in a file, for the next run.
struct KeyRecord: Sendable {
    /// How often the time alone is written down, in seconds.
    static let timeInterval = 60
    private static let version = 1
    /// Six bytes for each of the set's, as the most that a byte takes in a string.
    private static let maximumSize = 6 * KeySet.maximumSize + (64 << 10)

    /// Where the keys were fetched from.
    let url: String
    /// When they were, in seconds since 1970.
    let fetched: Int
    /// The JWK Set as it came.
    let text: String

    /// Where the record of an issuer is. Names and URLs come as a digest, so nothing in them is ever a path.
    static func path(of settings: RemoteKeysSettings, in directory: String) -> String {
        let identity = JSONValue.elements(
            [settings.name, settings.issuer, settings.source.text].map { .string($0) })
        return "\(directory)/keys/\(SHA256.hash(identity.line.span).hexadecimal()).json"
    }

    /// The content of the file.
    func document(for settings: RemoteKeysSettings) -> [UInt8] {
        let members: [(String, JSONValue)] = [
            ("version", .integer(Self.version)), ("issuer", .string(settings.issuer)),
            ("source", .string(settings.source.text)), ("url", .string(url)), ("fetched", .integer(fetched)),
            ("jwks", .string(text)),
        ]
        return JSONValue.members(members).line + [UInt8(ascii: "\n")]
    }

    /// Writes the record; blocks.
    ///
    /// - Throws: `FileError`.
    func write(for settings: RemoteKeysSettings, in directory: String) throws(FileError) {
        let path = Self.path(of: settings, in: directory)
        try FileContents.replace(path, with: document(for: settings).span, mode: 0o600)
    }

    /// Reads the record of an issuer; blocks.
    ///
    /// - Parameters:
    ///   - settings: whose record.
    ///   - directory: the state directory.
    ///   - now: seconds since 1970.
    /// - Returns: the record and its keys; nil if there is none, or its keys are too old.
    /// - Throws: `KeyRecordFault`.
    static func read(
        for settings: RemoteKeysSettings, in directory: String, now: Int
    ) throws(KeyRecordFault) -> (record: KeyRecord, keys: KeySet)? {
        let path = path(of: settings, in: directory)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileContents.read(path, limit: maximumSize)
        } catch {
            if error.isNotFound { return nil }
            throw KeyRecordFault(detail: "\(path) cannot be read: \(error.message)")
        }
        do throws(KeyRecordFault) {
            return try read(bytes, for: settings, now: now)
        } catch {
            throw KeyRecordFault(detail: "\(path) is not used: \(error.detail)")
        }
    }

    /// Reads the content of a record's file.
    ///
    /// - Returns: nil if the keys are too old.
    /// - Throws: `KeyRecordFault`.
    static func read(
        _ bytes: [UInt8], for settings: RemoteKeysSettings, now: Int
    ) throws(KeyRecordFault) -> (record: KeyRecord, keys: KeySet)? {
        let node = try json(bytes, depth: 1)
        guard node["version"]?.number?.integer == version, let issuer = node["issuer"]?.string,
            let source = node["source"]?.string, let url = node["url"]?.string,
            let fetched = node["fetched"]?.number?.integer, let text = node["jwks"]?.string
        else { throw KeyRecordFault(detail: "it is no record of keys") }
        guard issuer.utf8.elementsEqual(settings.issuer.utf8), source.utf8.elementsEqual(settings.source.text.utf8)
        else { throw KeyRecordFault(detail: "it is that of another issuer") }
        guard (0...now).contains(fetched) else { throw KeyRecordFault(detail: "it is from the future") }
        guard now - fetched < Int(settings.maximumAge.count / 1_000_000_000) else { return nil }
        let set = try json(Array(text.utf8), depth: 8)
        do throws(AnswerFault) {
            return (KeyRecord(url: url, fetched: fetched, text: text), try KeySet(fetched: set))
        } catch {
            throw KeyRecordFault(detail: error.detail)
        }
    }

    private static func json(_ bytes: [UInt8], depth: Int) throws(KeyRecordFault) -> JSONNode {
        do throws(JSONError) {
            return try JSONReader.read(bytes.span, limits: JSONLimits(depth: depth, size: maximumSize))
        } catch {
            throw KeyRecordFault(detail: "not JSON: \(error) (byte \(error.offset))")
        }
    }
}

/// Why a record cannot be used.
struct KeyRecordFault: Error, Equatable {
    /// What is wrong, for the operator.
    let detail: String
}

extension RemoteKeysSettings.Source {
    /// The source as records name it.
    var text: String {
        switch self {
        case .discovery: "discovery"
        case .url(let url): url.description
        }
    }
}
