import Outbound
import Testing
import Transport

@testable import IdentityProviders

@Suite("issue 7: when keys are fetched, and how long they are good")
struct KeyScheduleTests {
    /// A schedule whose clock the test moves: a refresh every 300 s, at most one in 10 s, keys for an hour.
    private struct Course {
        var schedule: KeySchedule
        var now = Moment(instant: Instant(nanoseconds: 1_000_000_000_000), timeOfDay: 1_800_000_000_000_000)

        init(refresh: UInt64 = 300, minimum: UInt64 = 10, maximumAge: UInt64 = 3600) throws {
            var settings = try RemoteKeysSettings.sample()
            settings.refreshInterval = .seconds(refresh)
            settings.minimumInterval = .seconds(minimum)
            settings.maximumAge = .seconds(maximumAge)
            schedule = KeySchedule(settings)
        }

        var isUsable: Bool { schedule.isUsable(at: now) }
        var isCurrent: Bool { schedule.isCurrent(at: now) }
        var isDue: Bool { schedule.isDue(at: now) }
        /// In how many milliseconds keys are fetched next.
        var wait: Int64 { schedule.nextAttempt(at: now).since(now.instant).microseconds / 1000 }

        mutating func pass(milliseconds: Int64) {
            now.instant = now.instant + .milliseconds(UInt64(milliseconds))
            now.timeOfDay += milliseconds * 1000
        }

        mutating func setDate(by seconds: Int64) { now.timeOfDay += seconds * 1_000_000 }

        mutating func succeed(jitter: UInt64 = 1024) {
            schedule.begin()
            schedule.succeed(at: now, jitter: jitter)
        }

        mutating func fail() {
            schedule.begin()
            schedule.fail(at: now)
        }

        /// Lets every attempt fail for a while.
        ///
        /// - Returns: how long the waits between them were, in seconds.
        mutating func failEverything(for seconds: Int64) -> [Int64] {
            var waits: [Int64] = []
            var passed: Int64 = 0
            while passed + wait <= seconds * 1000 {
                passed += wait
                waits.append(wait / 1000)
                pass(milliseconds: wait)
                fail()
            }
            pass(milliseconds: seconds * 1000 - passed)
            return waits
        }
    }

    @Test("Keys are fetched at once where there are none")
    func beginning() throws {
        let course = try Course()
        #expect(course.isDue && !course.isUsable && !course.isCurrent)
        #expect(course.schedule.request(at: course.now) == .begin)
    }

    @Test(
        "The next fetch is due after the interval, a tenth more or less",
        arguments: [(0, 270_000), (1024, 300_000), (2048, 330_000), (2049, 270_000), (UInt64.max, nil)])
    func jitter(_ number: UInt64, _ expected: Int64?) throws {
        var course = try Course()
        course.succeed(jitter: number)
        if let expected { #expect(abs(course.wait - expected) <= 1) }
        #expect((269_999...330_001).contains(course.wait))
    }

    @Test("While keys are fetched, others wait, and nothing further is due")
    func singleFlight() throws {
        var course = try Course()
        course.schedule.begin()
        #expect(!course.isDue)
        #expect(course.schedule.request(at: course.now) == .wait)
    }

    @Test("Rotation: newer keys are fetched once in the minimum interval, and what is not there then does not exist")
    func rotation() throws {
        var course = try Course()
        course.succeed()
        let earliest = course.now.instant + .seconds(10)
        #expect(course.isCurrent)
        #expect(course.schedule.request(at: course.now) == .notBefore(earliest))
        course.pass(milliseconds: 9999)
        #expect(course.isCurrent)
        #expect(course.schedule.request(at: course.now) == .notBefore(earliest))
        course.pass(milliseconds: 1)
        #expect(!course.isCurrent)
        #expect(course.schedule.request(at: course.now) == .begin)
        #expect(!course.isDue)
    }

    @Test("Without keys, attempts come after 1 s, 2 s, 4 s, and then in the minimum interval")
    func noKeys() throws {
        var course = try Course()
        course.fail()
        #expect(course.failEverything(for: 40) == [1, 2, 4, 8, 10, 10])
        #expect(!course.isUsable && !course.isCurrent)
    }

    @Test("A failure makes nothing current: a key that is not known may exist")
    func failure() throws {
        var course = try Course()
        course.succeed()
        course.pass(milliseconds: 10_000)
        course.fail()
        #expect(course.isUsable && !course.isCurrent)
        #expect(course.schedule.request(at: course.now) == .notBefore(course.now.instant + .seconds(10)))
    }

    @Test("Provider down for less than the maximum age: keys stay good, and attempts come in growing intervals")
    func downForAnHour() throws {
        var course = try Course(maximumAge: 86_400)
        course.succeed()
        let waits = course.failEverything(for: 3600)
        #expect(waits.prefix(7) == [300, 10, 20, 40, 80, 160, 300])
        #expect(waits.dropFirst(7).allSatisfy { $0 == 300 })
        #expect(course.isUsable)
        course.succeed()
        #expect(course.isCurrent)
        #expect(course.wait == 300_000)
    }

    @Test(
        "Provider down for longer than the maximum age: attempts come sooner before it ends, then keys are good no more"
    )
    func downForLonger() throws {
        var course = try Course()
        course.succeed()
        _ = course.failEverything(for: 3599)
        #expect(course.isUsable)
        #expect(course.wait <= 10_000)
        course.pass(milliseconds: 1000)
        #expect(!course.isUsable)
        #expect(course.failEverything(for: 3600).allSatisfy { $0 <= 10 })
        course.succeed()
        #expect(course.isUsable)
    }

    @Test("Flapping: each success begins the intervals anew")
    func flapping() throws {
        var course = try Course()
        for _ in 0..<20 {
            course.succeed()
            #expect(course.isCurrent && abs(course.wait - 300_000) <= 1)
            course.pass(milliseconds: 300_000)
            course.fail()
            #expect(course.isUsable && course.wait == 10_000)
            course.pass(milliseconds: 10_000)
        }
    }

    @Test("Keys that may not be older than the interval are fetched before they are")
    func shortAge() throws {
        var course = try Course(refresh: 60, minimum: 1, maximumAge: 60)
        course.succeed(jitter: 2048)
        #expect(course.wait == 54_000)
    }

    @Test("A date that is set back makes no key younger")
    func dateSetBack() throws {
        var course = try Course()
        course.succeed()
        course.setDate(by: -7200)
        #expect(course.isUsable)
        #expect(course.schedule.end(at: course.now) == course.now.seconds + 3600)
        course.pass(milliseconds: 3_599_000)
        #expect(course.isUsable)
        course.pass(milliseconds: 1000)
        #expect(!course.isUsable)
    }

    @Test("A date that is set forward makes keys too old, and due when that is allowed")
    func dateSetForward() throws {
        var course = try Course()
        course.succeed()
        course.setDate(by: 7200)
        #expect(!course.isUsable && !course.isCurrent && !course.isDue)
        #expect(course.wait == 10_000)
        course.pass(milliseconds: 10_000)
        #expect(course.isDue)
        course.succeed()
        #expect(course.isUsable)
    }

    @Test("Keys of an earlier run are good for the rest of their time, not current, and due")
    func restored() throws {
        var course = try Course()
        course.schedule.restore(age: 3000, at: course.now)
        #expect(course.isUsable && !course.isCurrent && course.isDue)
        #expect(course.schedule.end(at: course.now) == course.now.seconds + 600)
        course.fail()
        course.pass(milliseconds: 599_000)
        #expect(course.isUsable)
        course.pass(milliseconds: 1000)
        #expect(!course.isUsable)
    }

    @Test("Keys of an earlier run that are too old, or from the future, are none", arguments: [3600, 3601, -1, .max])
    func notRestored(_ age: Int) throws {
        var course = try Course()
        course.schedule.restore(age: age, at: course.now)
        #expect(!course.isUsable)
    }

    @Test("Any number of failures is counted without a limit being exceeded")
    func manyFailures() throws {
        var course = try Course(refresh: 86_400, minimum: 3600, maximumAge: 2_592_000)
        course.succeed()
        for _ in 0..<200 { course.fail() }
        #expect(course.wait == 86_400_000)
    }
}
