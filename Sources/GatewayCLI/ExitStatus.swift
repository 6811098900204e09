import ArgumentParser

/// How commands end, so that scripts can tell why; 64 (`EX_USAGE`) is ArgumentParser's own.
extension ExitCode {
    /// Something was looked at and is not good, or not permitted.
    static let invalid = ExitCode(1)
    /// The command could not do its work, or could not decide.
    static let failed = ExitCode(2)
    /// The command line is wrong (`EX_USAGE`).
    static let usage = ExitCode(64)
    /// A file that is read is not there or cannot be read (`EX_NOINPUT`).
    static let noInput = ExitCode(66)
    /// The gateway does not start, because of its configuration (`EX_CONFIG`): starting it again would not help.
    static let badConfiguration = ExitCode(78)
}
