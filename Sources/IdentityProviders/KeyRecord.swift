internal import Bytes
internal import JOSE
internal import Outbound
internal import StrictJSON
internal import Transport

/// The last good keys of an issuer, in a file: what serves after a restart while the issuer is down.
struct KeyRecord: Equatable {
    /// Why a file is not believed.
    enum Fault: Error, Equatable {
        /// There is none.
        case absent
        /// In words.
        case unusable(String)
    }

    /// When they were fetched, in seconds since 1970.
    let fetched: Int
    /// Where they came from.
    let url: String
    /// The set as it came.
    let text: [UInt8]

    init(fetched: Int, url: String, text: [UInt8]) {
        self.fetched = fetched
        self.url = url
        self.text = text
    }

    /// The file in `directory`: no text of the configuration becomes part of a path.
    static func path(of settings: RemoteKeysSettings, in directory: String) -> String {
        let name = [settings.name, settings.issuer, settings.sourceText].joined(separator: "\0")
        return "\(directory)/\(SHA256.hash(Array(name.utf8).span).hexadecimal(digits: 32)).json"
    }

    /// Reads the file; blocks.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - settings: whose keys they must be.
    ///   - now: seconds since 1970; keys from the future, or beyond the maximum age, are not believed.
    /// - Throws: `Fault`.
    static func read(
        _ path: String, of settings: RemoteKeysSettings, now: Int
    ) throws(Fault) -> (record: KeyRecord, keys: KeySet) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileContents.read(path, limit: 8 * KeySet.maximumSize)
        } catch {
            throw error.isNotFound ? .absent : .unusable(error.message)
        }
        guard
            let root = try? JSONReader.read(bytes.span, limits: JSONLimits(depth: 4, size: 8 * KeySet.maximumSize)),
            let fetched = root["fetched"]?.number?.integer, let url = root["url"]?.string,
            let text = root["jwks"]?.string, let issuer = root["issuer"]?.string, let source = root["source"]?.string
        else { throw .unusable("it is not what was written") }
        guard issuer.isExactly(settings.issuer), source.isExactly(settings.sourceText) else {
            throw .unusable("it is of another issuer")
        }
        guard fetched <= now else { throw .unusable("it is from the future") }
        guard now < fetched + settings.maximumAgeSeconds else { throw .unusable("the keys are too old") }
        let record = KeyRecord(fetched: fetched, url: url, text: Array(text.utf8))
        guard let keys = try? KeySet(jwks: record.text.span), !keys.holdsSecrets else {
            throw .unusable("the keys in it are not good")
        }
        return (record, keys)
    }

    /// Writes the file, as a whole or not at all; blocks.
    ///
    /// - Throws: `FileError`.
    func write(_ path: String, of settings: RemoteKeysSettings) throws(FileError) {
        let content = JSONValue.members([
            ("issuer", .string(settings.issuer)), ("source", .string(settings.sourceText)), ("url", .string(url)),
            ("fetched", .integer(fetched)), ("jwks", .string(String(decoding: text, as: UTF8.self))),
        ])
        try FileContents.replace(path, with: content.line.span, mode: 0o600)
    }
}

extension RemoteKeysSettings {
    fileprivate var sourceText: String {
        switch source {
        case .discovery: "discovery"
        case .url(let url): url.description
        }
    }

    var maximumAgeSeconds: Int { Int(maximumAge.count / 1_000_000_000) }
}
