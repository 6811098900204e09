import HTTP
import Testing

@testable import HTTP2

@Suite("Storage of streams is used again")
struct StreamStorageTests {
    @Test("a queue that was given back is taken next, and empty")
    func queue() {
        let storage = StreamStorage()
        var queue = [UInt8](repeating: 1, count: 1000)
        storage.give(&queue)
        #expect(queue.capacity == 0)
        let next = storage.takeQueue()
        #expect(next.isEmpty)
        #expect(next.capacity >= 1000)
    }

    @Test("neither a large queue nor the 65th is kept")
    func bounds() {
        let storage = StreamStorage()
        var large = [UInt8](repeating: 1, count: 17 << 10)
        storage.give(&large)
        #expect(storage.takeQueue().capacity == 0)
        for _ in 0..<65 {
            var queue = [UInt8](repeating: 1, count: 100)
            storage.give(&queue)
        }
        for _ in 0..<64 { #expect(storage.takeQueue().capacity >= 100) }
        #expect(storage.takeQueue().capacity == 0)
    }

    @Test("a head holds nothing of the one whose storage it got")
    func heads() throws {
        let pair = try SessionPair()
        var head = HeadFields()
        // From the third on, a head arrives in storage that was full.
        for number in 1...4 {
            let count = 5 - number
            let lines = String(repeating: "authorization: Bearer a\r\n", count: count)
            let isThere = try pair.open(.post, path: "/" + lines.prefix(count), lines: lines).server.takeHead(&head)
            #expect(isThere)
            let (path, fieldCount) = (head.path.count, head.fields.count)
            #expect(path == 1 + count)
            #expect(fieldCount == count)
        }
    }

    @Test("content is none that waited in the same storage before")
    func content() throws {
        let pair = try SessionPair()
        for text in ["a long first text", "short"] {
            let (client, server) = try pair.open()
            server.respond(200)
            #expect(server.send(text) == text.utf8.count)
            server.finish()
            pair.exchange()
            #expect(client.content() == (text, "end"))
        }
    }
}
