import IdentityProviders
import Outbound
import Transport

/// When an issuer whose keys are fetched is served.
enum KeysAtStart: String, CaseIterable {
    /// At once; until there are keys, its tokens cannot be decided on.
    case serve
    /// When there are keys.
    case wait
}

/// Decodes where the keys of an issuer are fetched from, and how often.
struct RemoteKeysDecoder {
    let files: NamedFiles

    private var problems: ProblemCollector { files.problems }

    /// Decodes an issuer with `discovery` or `jwks_uri`.
    ///
    /// - Parameters:
    ///   - issuer: the issuer.
    ///   - name: its name.
    /// - Returns: nil if something is missing, which is reported.
    func decode(_ issuer: Cursor, name: String) -> RemoteKeysSettings? {
        guard let identifier = issuer["issuer"]?.string, let (source, client) = source(of: issuer) else { return nil }
        var settings = RemoteKeysSettings(name: name, issuer: identifier, source: source, client: client)
        func set(_ path: WritableKeyPath<RemoteKeysSettings, Nanoseconds>, _ key: String) {
            if let duration = issuer[key]?.duration { settings[keyPath: path] = Nanoseconds(duration) }
        }
        set(\.refreshInterval, "keys_refresh_interval")
        set(\.minimumInterval, "keys_minimum_interval")
        set(\.maximumAge, "keys_maximum_age")
        if let place = issuer["keys_maximum_age"], settings.maximumAge < settings.refreshInterval {
            problems.report(
                "keys would be too old before they are fetched again: \"keys_refresh_interval\" is longer than this",
                as: .contradiction, at: place)
        }
        return settings
    }

    private func source(of issuer: Cursor) -> (RemoteKeysSettings.Source, OutboundSettings)? {
        let provider = ProviderDecoder(files: files)
        if let place = issuer["keys"]?["jwks_uri"] {
            let client = provider.decode(in: issuer, for: "jwks_uri")
            return provider.url(place, client, in: issuer).map { (.url($0), client) }
        }
        guard issuer["keys"]?["discovery"]?.boolean == true, let place = issuer["issuer"], let text = place.string,
            !text.isEmpty
        else { return nil }
        let client = provider.decode(in: issuer, for: "discovery")
        do throws(ValueProblem) {
            let url = try ServiceURL(checking: text)
            if url.target.contains("?") { throw ValueProblem(message: "the URL has a query (?)") }
            provider.requireSecrecy(of: url, client, at: place)
        } catch {
            problems.report(
                "\"discovery\" begins with this, which must be an https URL: \(error.message)", as: .contradiction,
                at: place)
        }
        return (.discovery, client)
    }
}
