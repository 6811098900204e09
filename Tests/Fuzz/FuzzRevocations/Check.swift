import Bytes
import FuzzDriver
import Revocation
import StrictJSON

@main
struct FuzzRevocations {
    static func main() { FuzzDriver.run(check) }
}

/// Reads the bytes as a list of entries: what is read is written and read as the same, faults lie in the text, and tokens are
/// revoked if and only if one of the entries, looked at alone, says so.
private func check(_ bytes: [UInt8]) {
    guard let node = try? JSONReader.read(bytes.span, limits: JSONLimits(depth: 4)) else { return }
    let entries: [RevocationEntry]
    do throws(RevocationFault) {
        entries = try RevocationEntry.list(node, untimedSubject: .always)
    } catch {
        precondition(error.range.upperBound <= bytes.count && !error.range.isEmpty, "a fault is nowhere")
        return
    }
    checkWriting(entries)
    let denylist = Denylist(entries)
    let single = entries.map { Denylist([$0]) }
    for entry in entries.prefix(20) {
        for issuer in [entry.issuer, "https://other", RevocableToken.apiKeyIssuer].compactMap(\.self) {
            for time in [entry.issuedBefore, entry.issuedBefore.map { $0 - 1 }, 0] {
                let token = token(entry, issuer: issuer, issuedAt: time)
                for now in [0, entry.end ?? 1, (entry.end ?? 1) - 1] {
                    let expected = single.contains { $0.revokes(token, now: now) }
                    precondition(denylist.revokes(token, now: now) == expected, "entries together say something else")
                }
            }
        }
    }
}

private func checkWriting(_ entries: [RevocationEntry]) {
    let list = JSONValue.members([("revocations", .elements(entries.map { .members($0.members) }))]).line
    let again = (try? JSONReader.read(list.span)).flatMap { try? RevocationEntry.list($0, untimedSubject: .always) }
    precondition(again == entries, "what was written is read as something else")
}

/// A token that the entry is about, by everything that a token can say.
private func token(_ entry: RevocationEntry, issuer: String, issuedAt: Int?) -> RevocableToken {
    let text = entry.members.first?.1
    guard case .string(let text) = text else { preconditionFailure("an entry has no subject") }
    return RevocableToken(
        issuer: issuer, tokenID: text, session: text, subject: text, client: text, issuedAt: issuedAt)
}
