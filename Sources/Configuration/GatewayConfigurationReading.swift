import Bytes

extension GatewayConfiguration {
    /// Reads and checks the file at `path`; blocks, so never on an event loop.
    ///
    /// - Parameters:
    ///   - path: the configuration file; relative paths in it are relative to its directory.
    ///   - surroundings: where files and variables are read.
    /// - Returns: the configuration, with defaults filled in.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with it.
    package static func load(
        path: String, surroundings: Surroundings = .process
    ) throws(ConfigurationErrors) -> GatewayConfiguration {
        try read(bytes(path: path, surroundings), file: path, surroundings: surroundings)
    }

    /// The text of the file at `path`.
    static func bytes(path: String, _ surroundings: Surroundings) throws(ConfigurationErrors) -> [UInt8] {
        switch surroundings.contentsOfFile(path) {
        case .success(let content): return content
        case .failure(let error):
            let unreadable = ConfigurationFinding(
                rule: .unreadable, message: "cannot read the configuration: \(error.message)", file: path, line: 0,
                column: 0, pointer: "", sourceLine: "", indentation: 0, width: 0)
            throw ConfigurationErrors(errors: [unreadable])
        }
    }

    /// Reads and checks a configuration.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - file: its name; relative paths in it are relative to its directory.
    ///   - surroundings: the environment and the files that the text refers to.
    /// - Returns: the configuration, with defaults filled in, and what is probably not meant in it.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with it.
    package static func read(
        _ bytes: [UInt8], file: String, surroundings: Surroundings
    ) throws(ConfigurationErrors) -> GatewayConfiguration {
        let checked = try CheckedFile(bytes, file: file, surroundings: surroundings)
        var configuration = checked.configuration
        if configuration.admin != nil { configuration.effective = EffectiveConfiguration(checked).text }
        return configuration
    }
}

/// The directory that relative paths of a configuration start from.
struct PathBase {
    /// The directory with a slash at its end; empty for the current one.
    private let prefix: String

    /// - Parameter file: the configuration file.
    init(file: String) {
        prefix = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// The path as the process opens it.
    func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : prefix + path }

    /// The address with the path of its socket resolved.
    func resolve(_ address: SocketAddressConfiguration) -> SocketAddressConfiguration {
        if case .unix(let path) = address { .unix(path: resolve(path)) } else { address }
    }
}
