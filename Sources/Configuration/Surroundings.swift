package import Bytes
package import JOSE

/// What a configuration takes from outside its file.
package struct Surroundings {
    /// The value of an environment variable, or nil.
    package var environment: (String) -> String?
    /// The content of the file at a path.
    package var contentsOfFile: (String) -> Result<[UInt8], FileError>
    /// The time in seconds since 1970.
    package var now: Int
    /// The signing key in the file at a path; where there is no file, a new key.
    package var signingKey: (String) -> Result<SigningKey, SigningKeyError> = { _ in
        Result { () throws(SigningKeyError) in try SigningKey() }
    }

    /// - Parameters:
    ///   - now: the time in seconds since 1970.
    ///   - environment: the value of an environment variable, or nil.
    ///   - contentsOfFile: the content of the file at a path.
    package init(
        now: Int = WallClock.seconds, environment: @escaping (String) -> String?,
        contentsOfFile: @escaping (String) -> Result<[UInt8], FileError>
    ) {
        self.now = now
        self.environment = environment
        self.contentsOfFile = contentsOfFile
    }

    /// The largest file that is read: 64 MiB, several times what 100 000 routes need.
    private static let maximumSize = 64 << 20

    /// The environment and the files of the process, of which none is written.
    package static var process: Surroundings {
        var surroundings = Surroundings(environment: { environmentVariable($0) }) { path in
            Result { () throws(FileError) in try FileContents.read(path, limit: maximumSize) }
        }
        surroundings.signingKey = { path in
            Result { () throws(SigningKeyError) in
                do throws(SigningKeyError) {
                    return try SigningKeyFile(path: path).load()
                } catch {
                    guard case .file(let reason) = error, reason.isNotFound else { throw error }
                    return try SigningKey()
                }
            }
        }
        return surroundings
    }

    /// The same for a gateway that serves: the file of a signing key is made if there is none.
    package static var serving: Surroundings {
        var surroundings = process
        surroundings.signingKey = { path in
            Result { () throws(SigningKeyError) in try SigningKeyFile(path: path).loadOrCreate() }
        }
        return surroundings
    }
}
