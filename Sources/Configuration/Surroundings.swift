package import Bytes

/// What a configuration takes from outside its file.
package struct Surroundings {
    /// The value of an environment variable, or nil.
    package var environment: (String) -> String?
    /// The content of the file at a path.
    package var contentsOfFile: (String) -> Result<[UInt8], FileError>
    /// The time in seconds since 1970.
    package var now: Int

    /// - Parameters:
    ///   - now: the time in seconds since 1970.
    ///   - environment: the value of an environment variable, or nil.
    ///   - contentsOfFile: the content of the file at a path.
    package init(
        now: Int = Int(WallClock.microseconds / 1_000_000), environment: @escaping (String) -> String?,
        contentsOfFile: @escaping (String) -> Result<[UInt8], FileError>
    ) {
        self.now = now
        self.environment = environment
        self.contentsOfFile = contentsOfFile
    }

    /// The largest file that is read: 64 MiB, several times what 100 000 routes need.
    private static let maximumSize = 64 << 20

    /// The environment and the files of the process.
    package static var process: Surroundings {
        Surroundings(environment: { environmentVariable($0) }) { path in
            Result { () throws(FileError) in try FileContents.read(path, limit: maximumSize) }
        }
    }
}
