package import Transport

/// What became of the question for newer keys.
package struct KeyAnswer: Sendable {
    /// Whether the board has what the issuer said last, at most the minimum interval ago: a key that is not there then does not
    /// exist.
    package let isCurrent: Bool
    /// Before when asking again is of no use, in seconds since 1970.
    package let nextAttempt: Int

    package init(isCurrent: Bool, nextAttempt: Int) {
        self.isCurrent = isCurrent
        self.nextAttempt = nextAttempt
    }
}

/// What happened to the keys of an issuer, for the log.
package enum KeyEvent: Sendable {
    /// Keys were fetched; whether they differ from those before.
    case fetched(RemoteKeysSettings, keyCount: Int, changed: Bool, url: String)
    /// Keys could not be fetched; `retained` says until when (seconds since 1970) those before serve, nil for none.
    case failed(RemoteKeysSettings, KeyFetchError, retained: Int?)
    /// Keys of an earlier run serve until they are fetched.
    case restored(RemoteKeysSettings, age: Int)
    /// The file of an earlier run cannot be used, or not be written.
    case store(RemoteKeysSettings, detail: String)
}

/// Why keys were not to be had, and at which stage.
package struct KeyFetchError: Error, Sendable, Equatable {
    package enum Stage: String, Sendable {
        case lookUp = "dns"
        case connect
        case proxy
        case tls
        case http
        /// The answer came, and is not what it must be.
        case parse
    }

    package let stage: Stage
    /// What was asked for.
    package let url: String
    /// What went wrong, for the operator.
    package let detail: String

    package init(_ stage: Stage, url: String, _ detail: String) {
        self.stage = stage
        self.url = url
        self.detail = detail
    }
}

/// Keeps the keys of issuers: fetches them ahead of time, at once when a token names one that is not known, and from the disk
/// when the issuer is down.
package actor KeyService {
    private nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.serialExecutor }
    /// Where workers find the keys.
    package nonisolated let board = KeyBoard()

    /// - Parameters:
    ///   - loop: where it runs.
    ///   - calls: threads for what blocks.
    ///   - directory: where the last good keys are kept; nil for nowhere.
    ///   - forbidden: sockets of this process that must not be connected to.
    ///   - report: receives what happens, for the log.
    package init(
        loop: EventLoop, calls: BlockingCalls, directory: String?, forbidden: [SocketAddress],
        report: @escaping @Sendable (KeyEvent) -> Void
    ) {
        self.loop = loop
    }

    /// Keeps the keys of these issuers from now on, and no others; those that were kept already go on as they are. Keys of an
    /// earlier run are on the board when this returns.
    package func keep(_ issuers: [RemoteKeysSettings]) async {}

    /// Asks for newer keys than those on the board: waits for the fetch that is under way, or begins one if its time has come.
    package func refresh(_ issuer: RemoteKeysSettings) async -> KeyAnswer {
        KeyAnswer(isCurrent: false, nextAttempt: 0)
    }

    /// Waits until there are keys of all these issuers on the board, however long that takes.
    package func waitForKeys(of issuers: [RemoteKeysSettings]) async {}

    /// What operators are shown of the issuers.
    package func states() -> [KeyState] { [] }
}

/// What operators are shown of an issuer's keys.
package struct KeyState: Sendable {
    package let settings: RemoteKeysSettings
    /// Nil if there are none.
    package let keys: FetchedKeys?
    /// The URL that the keys were fetched from last, or were to be.
    package let url: String?
    /// Why the last attempt failed; nil if it did not.
    package let failure: KeyFetchError?
    /// When the last attempt was made, in seconds since 1970; nil if there was none.
    package let attempted: Int?
    /// When the next is due, in seconds since 1970.
    package let nextAttempt: Int?
}
