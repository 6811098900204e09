import Glibc

/// What one decision takes, without sockets: match, authenticate and authorize for a token seen before.
///
/// Arguments are numbers of routes, 10, 1 000 and 100 000 by default. They are measured in turn, so that what else the machine
/// does falls on all of them. Prints one JSON object: the nanoseconds of a decision for each number of routes, round by round,
/// and those of the token's SHA-256, which is part of every decision.
@main
struct DecisionBenchmark {
    private static let rounds = 15
    private static let decisions = 100_000

    static func main() throws {
        let token = try SampleToken()
        let named = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let subjects = try (named.isEmpty ? [10, 1000, 100_000] : named).map {
            try Subject(routeCount: $0, token: token)
        }
        var digests: [Double] = []
        var values = [[Double]](repeating: [], count: subjects.count)
        for _ in 0..<rounds {
            digests.append(nanoseconds(each: token.hash))
            for (index, subject) in subjects.enumerated() {
                values[index].append(try nanoseconds(each: subject.decide))
            }
        }
        let rows = zip(subjects, values).map { "\"\($0.routeCount)\": \($1)" }
        print("{\"decision\": {\(rows.joined(separator: ", "))}, \"sha256\": \(digests)}")
    }

    /// The CPU time that `work` takes for each of the `decisions` that it is told to do.
    private static func nanoseconds<Failure: Error>(each work: (Int) throws(Failure) -> Void) throws(Failure) -> Double
    {
        let start = clock()
        try work(decisions)
        return Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e9 / Double(decisions)
    }
}
