import Bytes
import StrictJSON
import Synchronization

/// What operators have revoked while the process runs, and in earlier runs: kept in a file.
///
/// Changes write the whole file on the caller's thread, one after the other.
package final class RevocationStore: Sendable {
    /// How many bytes the file may have.
    private static let maximumSize = JSONLimits().size

    private let path: String?
    private let kept: Mutex<[RevocationEntry]>

    /// - Parameter path: the file; nil keeps nothing beyond this run.
    /// - Throws: `RevocationError.unreadable` if the file is there and cannot be used: what it revokes must not be good again.
    package init(path: String?) throws(RevocationError) {
        self.path = path
        kept = Mutex(try path.map(Self.read) ?? [])
    }

    /// What is revoked.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: all entries that have not ended, in the order in which they were added.
    package func entries(now: Int) -> [RevocationEntry] {
        kept.withLock { $0.filter { !$0.hasEnded(at: now) } }
    }

    /// Adds entries, and writes them down; those that say nothing beyond others are left away.
    ///
    /// - Parameters:
    ///   - entries: any number.
    ///   - now: seconds since 1970.
    /// - Returns: what operators should know: nil, or why the entries will be lost with the process.
    /// - Throws: `RevocationError.tooMany`; nothing is added then.
    package func add(_ entries: [RevocationEntry], now: Int) throws(RevocationError) -> String? {
        try kept.withLock { kept throws(RevocationError) in
            let all = (kept + entries).filter { !$0.hasEnded(at: now) }.withoutSuperfluous()
            let text = Self.text(of: all)
            guard all.count <= Denylist.maximumCount, text.count <= Self.maximumSize else { throw .tooMany }
            kept = all
            return write(text)
        }
    }

    /// Takes away entries of the same subject and issuer; where an entry names a time, only those with the same one.
    ///
    /// - Parameters:
    ///   - entries: any number.
    ///   - now: seconds since 1970.
    /// - Returns: how many were taken away that had not ended, and why that will be lost with the process.
    package func remove(_ entries: [RevocationEntry], now: Int) -> (count: Int, warning: String?) {
        let unwanted = Set(entries)
        return kept.withLock { kept in
            kept.removeAll { $0.hasEnded(at: now) }
            let count = kept.count
            kept.removeAll { !unwanted.isDisjoint(with: $0.withAndWithoutTimes) }
            return (count - kept.count, write(Self.text(of: kept)))
        }
    }

    // MARK: The file

    private static func read(_ path: String) throws(RevocationError) -> [RevocationEntry] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileContents.read(path, limit: maximumSize)
        } catch {
            if error.isNotFound { return [] }
            throw .unreadable(path: path, detail: error.message)
        }
        let node: JSONNode
        do throws(JSONError) {
            node = try JSONReader.read(bytes.span, limits: JSONLimits(depth: 4, size: maximumSize))
        } catch {
            throw .unreadable(path: path, detail: "not JSON: \(error) (byte \(error.offset))")
        }
        do throws(RevocationFault) {
            return try RevocationEntry.list(node, untimedSubject: .always)
        } catch {
            throw .unreadable(path: path, detail: "\(error)")
        }
    }

    private static func text(of entries: [RevocationEntry]) -> [UInt8] {
        let list = JSONValue.elements(entries.map { .members($0.members) })
        return JSONValue.members([("revocations", list)]).line + [UInt8(ascii: "\n")]
    }

    /// - Returns: why the file is not what it should be; nil if it is.
    private func write(_ text: [UInt8]) -> String? {
        guard let path else { return "There is no state_directory: this is forgotten when the process ends" }
        do throws(FileError) {
            try FileContents.replace(path, with: text.span, mode: 0o600)
            return nil
        } catch {
            return "\(path) cannot be written (\(error.message)): this is forgotten when the process ends"
        }
    }
}

/// Why entries are not to be had or not to be kept.
package enum RevocationError: Error, Equatable, Sendable {
    /// The file is there and cannot be read, or holds something else than entries.
    case unreadable(path: String, detail: String)
    /// There would be more than `Denylist.maximumCount`, or more than their file may hold.
    case tooMany
}

extension RevocationEntry {
    /// The entry, and how it could be named without one or both of its times.
    fileprivate var withAndWithoutTimes: [RevocationEntry] {
        var (untimed, endless, bare) = (self, self, self)
        untimed.issuedBefore = nil
        endless.end = nil
        bare.issuedBefore = nil
        bare.end = nil
        return [self, untimed, endless, bare]
    }
}
