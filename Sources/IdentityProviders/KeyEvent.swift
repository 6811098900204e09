/// What happened to the keys of an issuer, for the log.
package enum KeyEvent: Sendable {
    /// Keys were fetched: how many, whether they differ from those before, and where they came from.
    case fetched(RemoteKeysSettings, keyCount: Int, changed: Bool, url: String)
    /// Keys could not be fetched; `retained` says until when (seconds since 1970) those before serve, nil for none.
    case failed(RemoteKeysSettings, ProviderError, retained: Int?)
    /// Keys of an earlier run serve until they are fetched.
    case restored(RemoteKeysSettings, age: Int)
    /// The file of an earlier run cannot be used, or not be written.
    case store(RemoteKeysSettings, detail: String)
}
