import IdentityProviders
import JOSE
import StrictJSON

extension [KeyState] {
    /// The issuers' keys as JSON, for operators.
    ///
    /// Times are in seconds since 1970. Null stands for what is not known.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: an object in one line, with its end.
    func json(now: Int) -> [UInt8] {
        let list = JSONValue.elements(map { .members($0.members(now: now)) })
        return JSONValue.members([("keys", list)]).line + [UInt8(ascii: "\n")]
    }
}

extension KeyState {
    fileprivate func members(now: Int) -> [(String, JSONValue)] {
        [
            ("issuer", .string(settings.name)), ("url", url.json), ("count", .integer(keys?.keys.count ?? 0)),
            ("key_ids", .elements(keys?.keys.keys.compactMap(\.keyID).map { .string($0) } ?? [])),
            ("fetched", (keys?.fetched).json), ("age", keys.map { Swift.max(0, now - $0.fetched) }.json),
            ("end", (keys?.end).json), ("attempted", attempted.json), ("next_attempt", nextAttempt.json),
            ("failure", failure.map { .members($0.members) } ?? .null),
        ]
    }
}

extension ProviderError {
    fileprivate var members: [(String, JSONValue)] {
        [("stage", .string(stage.rawValue)), ("url", .string(url)), ("detail", .string(detail))]
    }
}

extension String? {
    fileprivate var json: JSONValue { map { .string($0) } ?? .null }
}

extension Int? {
    fileprivate var json: JSONValue { map { .integer($0) } ?? .null }
}
