package import Revocation

/// What the admin listener shows and changes. It is called on the listener's own thread.
package struct AdminOperations: Sendable {
    /// A JSON document with a name for its version.
    package struct Document: Sendable {
        package let json: [UInt8]
        /// Fit for a quoted string without escapes.
        package let version: String

        package init(json: [UInt8], version: String) {
            self.json = json
            self.version = version
        }
    }

    /// What is revoked, without entries that have ended.
    package struct Revocations: Sendable {
        /// What the file that the configuration names says.
        package let file: [RevocationEntry]
        /// What requests to this listener have said.
        package let admin: [RevocationEntry]

        package init(file: [RevocationEntry], admin: [RevocationEntry]) {
            self.file = file
            self.admin = admin
        }
    }

    /// What became of a change of what is revoked.
    package enum RevocationOutcome: Sendable {
        /// It is in force on every worker; `warning` says why it will be lost with the process, nil if it will not.
        case changed(count: Int, warning: String?)
        /// There would be too many entries; nothing has changed.
        case tooMany
    }

    /// The conditions for readiness, in the order in which they are listed.
    package var readiness: [ReadinessCheck]
    /// The effective configuration without secrets, with its hash.
    package var configuration: @Sendable () -> Document
    /// The routes and who may call them, as JSON.
    package var routes: @Sendable () -> [UInt8]
    /// The application log's level.
    package var logLevel: @Sendable () -> ApplicationLogLevel
    /// Changes the application log's level for the whole process, and logs that.
    package var setLogLevel: @Sendable (ApplicationLogLevel) -> Void
    /// The keys of issuers and how old they are, as JSON.
    package var keys: @Sendable () async -> [UInt8]
    /// What is revoked.
    package var revocations: @Sendable () -> Revocations
    /// Revokes; `count` is that of the entries given.
    package var revoke: @Sendable ([RevocationEntry]) async -> RevocationOutcome
    /// Takes back what `revoke` was given, as `RevocationStore.remove` has it; `count` is that of the entries that were there.
    package var restore: @Sendable ([RevocationEntry]) async -> RevocationOutcome

    package init(
        readiness: [ReadinessCheck], configuration: @escaping @Sendable () -> Document,
        routes: @escaping @Sendable () -> [UInt8], logLevel: @escaping @Sendable () -> ApplicationLogLevel,
        setLogLevel: @escaping @Sendable (ApplicationLogLevel) -> Void, keys: @escaping @Sendable () async -> [UInt8],
        revocations: @escaping @Sendable () -> Revocations,
        revoke: @escaping @Sendable ([RevocationEntry]) async -> RevocationOutcome,
        restore: @escaping @Sendable ([RevocationEntry]) async -> RevocationOutcome
    ) {
        self.readiness = readiness
        self.configuration = configuration
        self.routes = routes
        self.logLevel = logLevel
        self.setLogLevel = setLogLevel
        self.keys = keys
        self.revocations = revocations
        self.revoke = revoke
        self.restore = restore
    }
}
