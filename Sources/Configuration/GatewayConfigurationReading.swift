extension GatewayConfiguration {
    /// Reads and checks the file at `path`.
    ///
    /// - Parameter path: the configuration file; relative paths in it are relative to its directory.
    /// - Returns: the configuration, with defaults filled in.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with it.
    package static func load(path: String) throws(ConfigurationErrors) -> GatewayConfiguration {
        throw ConfigurationErrors(errors: [])
    }
}
