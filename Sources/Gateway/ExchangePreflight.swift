import AccessLog
import Bytes
import HTTP

extension Exchange {
    /// Answers a preflight (Fetch §3.2.2): it carries no credential, and nothing of it reaches the upstream.
    ///
    /// - Parameters:
    ///   - method: the method that it asks about.
    ///   - client: who asked.
    func answerPreflight(about method: Method, of client: Client) async {
        record.reason = .public
        var lines: [UInt8] = []
        crossOrigin?.appendPreflightLines(about: method, for: request.fields, to: &lines)
        await answer(204, lines: lines, on: client)
    }

    /// Which pages of other origins may read the answer; nil where nothing is said of it.
    private var crossOrigin: CrossOriginRules? { isForEveryPage ? .everyPage : route?.crossOrigin }

    /// What the gateway's own answer says to pages of other origins: whole lines.
    var crossOriginLines: [UInt8] {
        var lines: [UInt8] = []
        crossOrigin?.appendResponseLines(for: request.fields, to: &lines)
        return lines
    }
}
