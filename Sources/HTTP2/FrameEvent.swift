internal import CNGHTTP2

/// What is to be known of a frame that has arrived or was sent.
@safe struct FrameEvent {
    enum Kind {
        case data
        /// A head, or trailers.
        case head
        case reset(ErrorCode)
        case settings(isAcknowledgement: Bool)
        case ping(isAcknowledgement: Bool)
        case goaway(ErrorCode)
        /// A frame that nothing depends on.
        case none
    }

    let kind: Kind
    /// 0 for the connection.
    let stream: Int32
    /// Whether it was the last of its side on the stream.
    let endsStream: Bool

    init(_ frame: nghttp2_frame) {
        // SAFETY: which part of the union is there is told by the type; the header is always there.
        let header = unsafe frame.hd
        let isAcknowledgement = header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        var endsStream = false
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue:
            kind = .data
            endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        case NGHTTP2_HEADERS.rawValue:
            kind = .head
            endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        case NGHTTP2_RST_STREAM.rawValue: kind = .reset(ErrorCode(unsafe frame.rst_stream.error_code))
        case NGHTTP2_SETTINGS.rawValue: kind = .settings(isAcknowledgement: isAcknowledgement)
        case NGHTTP2_PING.rawValue: kind = .ping(isAcknowledgement: isAcknowledgement)
        case NGHTTP2_GOAWAY.rawValue: kind = .goaway(ErrorCode(unsafe frame.goaway.error_code))
        default: kind = .none
        }
        stream = header.stream_id
        self.endsStream = endsStream
    }
}
