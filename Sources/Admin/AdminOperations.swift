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

    package init(
        readiness: [ReadinessCheck], configuration: @escaping @Sendable () -> Document,
        routes: @escaping @Sendable () -> [UInt8], logLevel: @escaping @Sendable () -> ApplicationLogLevel,
        setLogLevel: @escaping @Sendable (ApplicationLogLevel) -> Void
    ) {
        self.readiness = readiness
        self.configuration = configuration
        self.routes = routes
        self.logLevel = logLevel
        self.setLogLevel = setLogLevel
    }
}
