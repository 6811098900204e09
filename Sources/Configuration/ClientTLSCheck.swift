import TLS

/// Finds everything in the TLS to an upstream that cannot be used.
struct ClientTLSCheck: TLSCheck {
    let problems: ProblemCollector
    let place: Cursor
    var settings: ClientTLSSettings

    func attempt() throws(TLSError) { _ = try ClientTLSContext(settings) }

    mutating func takeOut(_ part: SettingsPart) -> Cursor? {
        switch part {
        case .certificate, .key:
            guard settings.certificate != nil else { return nil }
            settings.certificate = nil
            return part == .key(0) ? place["key"]?.secretSource : place["certificate"]
        case .authorities:
            guard settings.authorities != nil else { return nil }
            settings.authorities = nil
            return place["authorities"]
        case .serverName, .staple, .revocations, .ticketKey: return nil
        }
    }
}

extension TLSError {
    /// The part of the settings that is at fault; nil if it is none.
    var part: SettingsPart? {
        if case .settings(let part, _) = self { part } else { nil }
    }
}

extension Cursor {
    /// Where a secret says what it is: the path of its file, the name of its variable, or itself.
    var secretSource: Cursor { self["file"] ?? self["env"] ?? self }
}

extension ProblemCollector {
    /// Reports why there can be no TLS with some settings.
    ///
    /// - Parameters:
    ///   - error: what is wrong.
    ///   - cursor: where the part at fault stands.
    func report(_ error: TLSError, at cursor: Cursor) {
        switch error {
        case .settings(let part, let fault):
            let isRepeated = fault == .neverShown
            report(
                "not usable as \(part.name): \(fault.message)", as: isRepeated ? .usedTwice : .invalidValue, at: cursor,
                quotesValue: false)
        default: report("TLS cannot be set up: \(error.message)", at: cursor, quotesValue: false)
        }
    }
}
