/// What a service answers.
package struct OutboundResponse: Sendable {
    package let status: Int
    /// The media type without parameters, in lower case; nil if there is none.
    package let mediaType: String?
    package let content: [UInt8]
}
