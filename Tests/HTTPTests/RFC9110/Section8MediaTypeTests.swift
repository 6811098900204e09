import HTTP
import Testing

@Suite("RFC 9110 section 8.3.1: Media Type")
struct Section8MediaTypeTests {
    @Test(
        "gRPC is named in any case, with any encoding and with parameters",
        arguments: [
            "application/grpc", "application/grpc+proto", "APPLICATION/gRPC+json", "application/grpc;charset=utf-8",
            "application/grpc \t; a=b", "application/grpc+proto; a=b",
        ])
    func grpc(value: String) {
        let isGRPC = value.utf8.span.isGRPC
        #expect(isGRPC)
    }

    @Test(
        "gRPC-Web and whatever else only begins like gRPC is something else",
        arguments: [
            "", "application/grp", "application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text",
            "application/grpcx", "application/grpc proto", "application/json; a=application/grpc", "text/grpc",
            "application/grpc, application/grpc",
        ])
    func other(value: String) {
        let isGRPC = value.utf8.span.isGRPC
        #expect(!isGRPC)
    }

    @Test("A type is itself, whatever its parameters say")
    func parameters() {
        for (value, expected) in [
            ("text/event-stream", true), ("Text/Event-Stream ; charset=utf-8", true), ("text/event-stream;", true),
            ("text/event-streams", false), ("text/event", false), (";text/event-stream", false), ("", false),
        ] {
            let isEventStream = value.utf8.span.isMediaType("text/event-stream")
            #expect(isEventStream == expected, "\(value)")
        }
    }
}
