import Bytes
import JOSE

/// The files that a configuration was read from, and what was in them.
package final class ReadFiles {
    /// The digest of each file's content by its path; nil for one that could not be read.
    private var digests: [String: SHA256Digest?] = [:]
    private let surroundings: Surroundings

    /// - Parameter surroundings: where files are read.
    package init(_ surroundings: Surroundings = .serving) {
        self.surroundings = surroundings
    }

    /// The same surroundings; what is read through them is noted here.
    package var recording: Surroundings {
        var recording = surroundings
        recording.contentsOfFile = { [surroundings, self] path in
            let content = surroundings.contentsOfFile(path)
            digests[path] = .some(Self.digest(content))
            return content
        }
        return recording
    }

    /// Whether a file now holds something else, or cannot be read any more, or can be read again.
    package var haveChanged: Bool {
        digests.contains { path, digest in Self.digest(surroundings.contentsOfFile(path)) != digest }
    }

    /// The directories in which a change may change one of the files: those of their paths and those that links lead to.
    package var directories: Set<String> {
        let paths = digests.keys.flatMap {
            [FileContents.directory(of: $0), FileContents.directory(of: FileContents.target(of: $0))]
        }
        // By one name each, however it is reached.
        return Set(paths.map(FileContents.target(of:)))
    }

    private static func digest(_ content: Result<[UInt8], FileError>) -> SHA256Digest? {
        guard case .success(let bytes) = content else { return nil }
        return SHA256.hash(bytes.span)
    }
}
