import Testing

@testable import TokenEndpoint

@Suite("Attempts to log in")
struct LoginAttemptsTests {
    static let alice = LoginAttempts.Subject.user("alice")

    static func fail(_ attempts: LoginAttempts, _ subjects: [LoginAttempts.Subject], times: Int, now: Int) {
        for _ in 0..<times {
            #expect(attempts.begin(subjects, now: now) == nil)
            attempts.end(subjects, .failed)
        }
    }

    @Test("After five failures within a minute a user waits until the minute is over")
    func limitsUsers() {
        let attempts = LoginAttempts()
        Self.fail(attempts, [Self.alice], times: 5, now: 100)
        #expect(attempts.begin([Self.alice], now: 100) == 60)
        #expect(attempts.begin([Self.alice], now: 159) == 1)
        #expect(attempts.begin([.user("bob")], now: 159) == nil)
        #expect(attempts.begin([.client("alice")], now: 159) == nil)
        Self.fail(attempts, [Self.alice], times: 5, now: 160)
        #expect(attempts.begin([Self.alice], now: 160) == 60)
    }

    @Test("Attempts count before they end, so that many at once count as many")
    func countsFromTheBeginning() {
        let attempts = LoginAttempts()
        for _ in 0..<5 { #expect(attempts.begin([Self.alice], now: 0) == nil) }
        #expect(attempts.begin([Self.alice], now: 0) != nil)
        attempts.end([Self.alice], .withdrawn)
        #expect(attempts.begin([Self.alice], now: 0) == nil)
    }

    @Test("A success clears the user's failures, but not those of the address")
    func success() {
        let attempts = LoginAttempts()
        let address = LoginAttempts.Subject.address([127, 0, 0, 1])
        for name in 0..<5 { Self.fail(attempts, [address, .user("\(name)")], times: 3, now: 0) }
        Self.fail(attempts, [address, Self.alice], times: 4, now: 0)
        #expect(attempts.begin([address, Self.alice], now: 0) == nil)
        attempts.end([address, Self.alice], .succeeded)
        Self.fail(attempts, [Self.alice], times: 5, now: 0)
        #expect(attempts.begin([Self.alice], now: 0) != nil)
        Self.fail(attempts, [address], times: 1, now: 0)
        #expect(attempts.begin([address], now: 0) == 60)
    }

    @Test("An attempt that one subject refuses counts for none")
    func refusalCountsForNone() {
        let attempts = LoginAttempts()
        let address = LoginAttempts.Subject.address([1])
        Self.fail(attempts, [Self.alice], times: 5, now: 0)
        for _ in 0..<100 { #expect(attempts.begin([address, Self.alice], now: 0) != nil) }
        #expect(attempts.subjectCount == 1)
        #expect(attempts.begin([address], now: 0) == nil)
    }

    @Test("A full table forgets the oldest, whatever is cleared meanwhile")
    func bounded() {
        let attempts = LoginAttempts(partCount: 1, capacity: 8)
        Self.fail(attempts, [Self.alice], times: 5, now: 0)
        for number in 0..<7 { Self.fail(attempts, [.user("\(number)")], times: 1, now: 0) }
        #expect(attempts.begin([Self.alice], now: 0) != nil)
        Self.fail(attempts, [.user("7")], times: 1, now: 0)
        #expect(attempts.begin([Self.alice], now: 0) == nil)
        for number in 0..<1000 {
            let subject = LoginAttempts.Subject.user("u\(number % 20)")
            if attempts.begin([subject], now: number) == nil {
                attempts.end([subject], number.isMultiple(of: 3) ? .succeeded : .failed)
            }
            #expect(attempts.subjectCount <= 8)
        }
    }

    @Test("An entry that comes again is not forgotten with its earlier self")
    func returns() {
        let attempts = LoginAttempts(partCount: 1, capacity: 4)
        Self.fail(attempts, [Self.alice], times: 1, now: 0)
        #expect(attempts.begin([Self.alice], now: 0) == nil)
        attempts.end([Self.alice], .succeeded)
        Self.fail(attempts, [Self.alice], times: 5, now: 0)
        for number in 0..<3 { Self.fail(attempts, [.user("\(number)")], times: 1, now: 0) }
        #expect(attempts.begin([Self.alice], now: 0) != nil)
    }
}
