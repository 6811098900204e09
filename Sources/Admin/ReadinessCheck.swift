/// One condition for sending requests to this process.
package struct ReadinessCheck: Sendable {
    /// One word, as probes and people see it.
    package let name: String
    /// What is wrong now, in a few words; nil if nothing is.
    package let problem: @Sendable () -> String?

    package init(_ name: String, problem: @escaping @Sendable () -> String?) {
        self.name = name
        self.problem = problem
    }
}
