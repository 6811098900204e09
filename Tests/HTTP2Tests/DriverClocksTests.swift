import HTTP
import Testing
import Transport

@testable import HTTP2

@Suite("What is due on a connection, and when")
struct DriverClocksTests {
    /// The clocks of a client with a stream open; `#expect` changes nothing that it is given.
    private final class Watch {
        let pair: SessionPair
        let streams: (client: HTTP2Stream, server: HTTP2Stream)
        private var clocks: DriverClocks
        private(set) var now: Instant

        init(_ settings: DriverSettings) throws {
            pair = try SessionPair()
            streams = try pair.open()
            now = pair.now
            clocks = DriverClocks(settings: settings, now: pair.now)
        }

        deinit {
            streams.client.close(abruptly: false)
            streams.server.close(abruptly: false)
        }

        /// Lets time pass up to when something is due, and does it.
        ///
        /// - Returns: what was due, and how many seconds later.
        func next() -> Deed? {
            let start = now
            for _ in 0..<2 {
                switch clocks.advance(to: now, pair.client, hasOutput: false) {
                case .wait(until: .never): return nil
                case .wait(let due): now = due
                case .act(let action):
                    if action == .ping { pair.client.ping() }
                    return Deed(action: action, seconds: Double(now.since(start).count) / 1e9)
                }
            }
            return nil
        }

        /// Lets time pass, in which nothing may be due.
        func pass(_ duration: Nanoseconds) -> Bool {
            now = now + duration
            if case .wait = clocks.advance(to: now, pair.client, hasOutput: false) { return true }
            return false
        }

        /// Passes bytes on in both directions; what the server answers arrives.
        func exchange() {
            pair.exchange()
            arrive()
        }

        func arrive() { clocks.bytesArrived(at: now) }

        func serverSends(_ text: String) {
            _ = streams.server.send(text)
            exchange()
        }
    }

    private struct Deed: Equatable {
        let action: DriverClocks.Action
        let seconds: Double
    }

    /// Where nothing but pings is due.
    private var patience: DriverSettings {
        var settings = DriverSettings()
        settings.pingInterval = .seconds(15)
        settings.pingTimeout = .seconds(10)
        settings.pingPause = .seconds(310)
        settings.stallTimeout = Nanoseconds(count: .max)
        return settings
    }

    @Test("a silent side is asked, and not again while nothing comes but its answers")
    func pause() throws {
        let watch = try Watch(patience)
        #expect(watch.next() == Deed(action: .ping, seconds: 15))
        watch.exchange()
        for _ in 0..<3 {
            #expect(watch.next() == Deed(action: .ping, seconds: 310))
            watch.exchange()
        }
    }

    @Test("once a frame of a stream has arrived, it is asked as soon as at first")
    func progress() throws {
        let watch = try Watch(patience)
        watch.streams.server.respond(200)
        watch.exchange()
        #expect(watch.next() == Deed(action: .ping, seconds: 15))
        watch.exchange()
        #expect(watch.pass(.seconds(100)))
        watch.serverSends("x")
        #expect(watch.next() == Deed(action: .ping, seconds: 15))
        watch.exchange()
        #expect(watch.next() == Deed(action: .ping, seconds: 310))
    }

    @Test("what was sent before the answer says nothing of what comes after it")
    func progressBeforeAnswer() throws {
        let watch = try Watch(patience)
        watch.streams.server.respond(200)
        watch.exchange()
        #expect(watch.next() == Deed(action: .ping, seconds: 15))
        // The server sends this before it has seen the ping.
        _ = watch.streams.server.send("x")
        watch.pair.move(from: watch.pair.server, to: watch.pair.client)
        watch.exchange()
        #expect(watch.next() == Deed(action: .ping, seconds: 310))
    }

    @Test("gRPC's server, as it counts pings, never sees one too many")
    func strikes() throws {
        let watch = try Watch(patience)
        watch.streams.server.respond(200)
        watch.exchange()
        var (strikes, lastPing) = (0, Instant(nanoseconds: 0))
        // Content now and then, and long silence.
        for silence in [2, 0, 9, 1, 0, 0, 4] {
            for _ in 0...silence {
                #expect(watch.next()?.action == .ping)
                if lastPing > Instant(nanoseconds: 0), watch.now.since(lastPing) < .seconds(300) { strikes += 1 }
                lastPing = watch.now
                watch.exchange()
            }
            #expect(strikes == 0)
            watch.serverSends("x")
            (strikes, lastPing) = (0, Instant(nanoseconds: 0))
        }
    }

    @Test("no answer, and nothing else, ends the connection")
    func timeout() throws {
        let watch = try Watch(patience)
        #expect(watch.next() == Deed(action: .ping, seconds: 15))
        #expect(watch.next() == Deed(action: .end(.pingTimeout), seconds: 10))
    }

    @Test("an answer that is late behind content ends nothing")
    func lateAnswer() throws {
        let watch = try Watch(patience)
        watch.streams.server.respond(200)
        watch.exchange()
        #expect(watch.next() == Deed(action: .ping, seconds: 15))
        for _ in 0..<5 {
            #expect(watch.pass(.seconds(9)))
            _ = watch.streams.server.send("x")
            watch.pair.move(from: watch.pair.server, to: watch.pair.client)
            watch.arrive()
        }
        #expect(watch.next() == Deed(action: .end(.pingTimeout), seconds: 10))
    }

    @Test("nobody is asked without a stream, nor by who never asks")
    func never() throws {
        var settings = patience
        settings.idleTimeout = Nanoseconds(count: .max)
        let watch = try Watch(settings)
        watch.streams.server.respond(200, isComplete: true)
        watch.exchange()
        #expect(watch.pair.client.openStreams == 0)
        #expect(watch.next() == nil)
        settings.pingInterval = nil
        settings.stallTimeout = .seconds(4000)
        #expect(try Watch(settings).next() == Deed(action: .sweep, seconds: 1000))
    }

    @Test("streams are swept four times within the time that they have")
    func sweep() throws {
        var settings = patience
        settings.stallTimeout = .seconds(20)
        settings.pingInterval = nil
        let watch = try Watch(settings)
        for _ in 0..<3 { #expect(watch.next() == Deed(action: .sweep, seconds: 5)) }
        watch.streams.server.respond(200, isComplete: true)
        watch.exchange()
        #expect(watch.next() == Deed(action: .end(.idle), seconds: 75))
    }
}
