internal import Outbound
internal import StrictJSON

/// Why an answer of a provider is not the JSON object that it must be.
struct AnswerFault: Error {
    let stage: ProviderError.Stage
    let detail: String

    init(_ stage: ProviderError.Stage, _ detail: String) {
        self.stage = stage
        self.detail = detail
    }
}

extension OutboundResponse {
    /// The content, which must be a JSON object whatever the media type: many providers send another.
    ///
    /// - Parameters:
    ///   - depth: how deep it may be nested.
    ///   - maximumSize: how large it may be, in bytes.
    /// - Returns: the object.
    /// - Throws: `AnswerFault`.
    func object(depth: Int, maximumSize: Int) throws(AnswerFault) -> JSONNode {
        guard status == 200 else { throw AnswerFault(.http, "status \(status)") }
        let node: JSONNode
        do throws(JSONError) {
            node = try JSONReader.read(content.span, limits: JSONLimits(depth: depth, size: maximumSize))
        } catch {
            let isPage = mediaType == "text/html" || mediaType == "application/xhtml+xml"
            throw AnswerFault(
                .parse, isPage ? "answers \(mediaType ?? ""), not JSON" : "not JSON: \(error) (byte \(error.offset))")
        }
        guard node.object != nil else { throw AnswerFault(.parse, "not a JSON object") }
        return node
    }
}
