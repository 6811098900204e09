/// Why a message is not accepted. Whoever sent it is to blame: a client gets the status, for an upstream it is a 502.
package enum ParseError: Error, Equatable, CaseIterable, Sendable {
    // The start line.
    case invalidMethod, methodTooLong, malformedRequestLine, malformedStatusLine, invalidTarget, targetTooLong
    case malformedVersion, unsupportedVersion, methodNotImplemented, tooManyEmptyLines
    // The path.
    case pathForbiddenCharacter, pathInvalidEscape, pathFragment, pathBackslash, pathAboveRoot, pathDisguisedDots
    // The field section.
    case bareLineFeed, bareCarriageReturn, controlCharacter, lineFolding, whitespaceBeforeColon, emptyFieldName
    case invalidFieldName, invalidFieldValue, connectionField, missingColon, headTooLarge, tooManyFields,
        tooManyConnectionOptions, underscoreInFieldName
    // Fields that must stand once, or not at all, or in one form.
    case missingHost, repeatedHost, invalidHost, conflictingHosts, misdirectedHost, repeatedAuthorization,
        repeatedProof, repeatedManagedField
    case repeatedContentLength, invalidContentLength, ambiguousFraming, chunkedInHTTP10, invalidTransferEncoding
    case unknownTransferCoding, unknownExpectation, invalidWebSocketHandshake
    // The body.
    case invalidChunkSize, chunkTooLarge, invalidChunkExtension, chunkExtensionsTooLarge, missingChunkEnd
    case trailersTooLarge, bodyTooLarge, incompleteBody
    // What stands before the first message of a connection.
    case invalidProxyHeader
    // Time.
    case headTooSlow, bodyTooSlow

    /// The kind of refusal, which has a status and a reason code.
    package var rejection: MessageRejection {
        switch self {
        case .targetTooLong: .targetTooLong
        case .unsupportedVersion: .versionNotSupported
        case .methodTooLong, .methodNotImplemented, .unknownTransferCoding: .notImplemented
        case .headTooLarge, .tooManyFields, .trailersTooLarge: .headTooLarge
        case .unknownExpectation: .expectationFailed
        case .bodyTooLarge: .bodyTooLarge
        case .misdirectedHost: .misdirectedRequest
        case .headTooSlow, .bodyTooSlow: .requestTimeout
        case .pathForbiddenCharacter, .pathInvalidEscape, .pathFragment, .pathBackslash, .pathAboveRoot,
            .pathDisguisedDots:
            .ambiguousPath
        case .invalidMethod, .malformedRequestLine, .malformedStatusLine, .invalidTarget, .malformedVersion,
            .tooManyEmptyLines, .bareLineFeed, .bareCarriageReturn, .controlCharacter, .lineFolding,
            .whitespaceBeforeColon, .emptyFieldName, .invalidFieldName, .invalidFieldValue, .connectionField,
            .missingColon, .tooManyConnectionOptions,
            .missingHost, .repeatedHost, .invalidHost, .conflictingHosts, .repeatedAuthorization, .repeatedProof,
            .repeatedManagedField,
            .repeatedContentLength, .invalidContentLength, .ambiguousFraming, .chunkedInHTTP10,
            .invalidTransferEncoding, .invalidChunkSize, .chunkTooLarge, .invalidChunkExtension,
            .chunkExtensionsTooLarge, .missingChunkEnd, .incompleteBody, .underscoreInFieldName, .invalidProxyHeader,
            .invalidWebSocketHandshake:
            .badRequest
        }
    }

    /// What is wrong, in fixed words that never hold what was sent.
    package var detail: String {
        switch self {
        case .invalidMethod: "The method is malformed"
        case .methodTooLong: "The method is too long"
        case .malformedRequestLine: "The request line is malformed"
        case .malformedStatusLine: "The status line is malformed"
        case .invalidTarget: "The request target is malformed"
        case .targetTooLong: "The request target is too long"
        case .malformedVersion: "The protocol version is malformed"
        case .unsupportedVersion: "The protocol version is not supported"
        case .methodNotImplemented: "The method is not implemented"
        case .tooManyEmptyLines: "Too many empty lines before the request"
        case .pathForbiddenCharacter: "The path holds a control character or one that is not ASCII"
        case .pathInvalidEscape: "The path holds a percent sign without two hexadecimal digits"
        case .pathFragment: "The request target holds a fragment"
        case .pathBackslash: "The path holds a backslash"
        case .pathAboveRoot: "The path climbs above the root"
        case .pathDisguisedDots: "The path holds dot segments in disguise"
        case .bareLineFeed: "A line feed without a carriage return"
        case .bareCarriageReturn: "A carriage return without a line feed"
        case .controlCharacter: "A control character in the head"
        case .lineFolding: "A folded field line"
        case .whitespaceBeforeColon: "Whitespace before the colon of a field line"
        case .emptyFieldName: "A field line without a name"
        case .invalidFieldName: "A field name is not a token"
        case .invalidFieldValue: "A field value is malformed"
        case .connectionField: "A field that HTTP/2 does not have"
        case .missingColon: "A field line without a colon"
        case .headTooLarge: "The header section is too large"
        case .tooManyFields: "Too many fields"
        case .tooManyConnectionOptions: "Too many connection options"
        case .underscoreInFieldName: "A field name with an underscore"
        case .missingHost: "The Host field is missing"
        case .repeatedHost: "The Host field is repeated"
        case .invalidHost: "The host is malformed"
        case .conflictingHosts: "The authority and the Host field differ"
        case .misdirectedHost: "The connection was made for another host"
        case .repeatedAuthorization: "The Authorization field is repeated"
        case .repeatedProof: "The DPoP field is repeated"
        case .repeatedManagedField: "A field that must stand once is repeated"
        case .repeatedContentLength: "The Content-Length field is repeated"
        case .invalidContentLength: "The Content-Length field is malformed"
        case .ambiguousFraming: "Both Content-Length and Transfer-Encoding"
        case .chunkedInHTTP10: "Transfer-Encoding in HTTP/1.0"
        case .invalidTransferEncoding: "The Transfer-Encoding field is malformed"
        case .unknownTransferCoding: "The transfer coding is not implemented"
        case .unknownExpectation: "The expectation cannot be met"
        case .invalidWebSocketHandshake: "The handshake of the WebSocket is malformed"
        case .invalidChunkSize: "A chunk size is malformed"
        case .chunkTooLarge: "A chunk size is too large"
        case .invalidChunkExtension: "A chunk extension is malformed"
        case .chunkExtensionsTooLarge: "Too many chunk extensions"
        case .missingChunkEnd: "The end of a chunk is missing"
        case .trailersTooLarge: "The trailer section is too large"
        case .bodyTooLarge: "The body is too large"
        case .incompleteBody: "The body ended early"
        case .invalidProxyHeader: "The PROXY header is missing or malformed"
        case .headTooSlow: "The head of the request took too long"
        case .bodyTooSlow: "The body of the request took too long"
        }
    }
}
