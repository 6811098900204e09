/// A request, and what is expected to become of it.
package struct PolicyTest: Sendable {
    /// What is expected; nil for what does not matter.
    package struct Expectation: Sendable {
        /// `allow`, `deny`, `undecided` or `reject`.
        package var decision: String
        /// The reason code.
        package var reason: String?
        /// The status that the gateway answers with.
        package var status: Int?
        /// The id of the route.
        package var route: String?
        /// The path that the upstream sees.
        package var upstreamPath: String?
    }

    /// What is tested, in words.
    package var name: String
    /// Where it stands in its file, counted from 1.
    package var line: Int
    /// The request.
    package var request: SupposedRequest
    /// What is expected.
    package var expectation: Expectation
}

extension PolicyTest {
    /// Reads and checks a file of tests; blocks.
    ///
    /// - Parameters:
    ///   - path: the file; relative paths in it are relative to its directory.
    ///   - words: the decisions and reason codes that there are.
    ///   - surroundings: where files and variables are read.
    /// - Returns: at least one test, in the order of the file.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with it.
    package static func load(
        path: String, words: PolicyTestWords, surroundings: Surroundings = .process
    ) throws(ConfigurationErrors) -> [PolicyTest] {
        try read(
            GatewayConfiguration.bytes(path: path, surroundings), file: path, words: words, surroundings: surroundings)
    }

    /// Reads and checks the text of a file of tests; see `load`.
    package static func read(
        _ bytes: [UInt8], file: String, words: PolicyTestWords, surroundings: Surroundings
    ) throws(ConfigurationErrors) -> [PolicyTest] {
        let problems = ProblemCollector(source: SourceText(bytes: bytes, file: file))
        let tree = CheckedFile.parse(bytes, problems)
        guard let tree else { throw ConfigurationErrors(errors: problems.findings(.error)) }
        let root = Cursor(node: tree, pointer: .root)
        let shape = Shape.policyTests(words)
        problems.hide(SecretPlaces(in: root, shape).ranges)
        ShapeChecker(problems: problems).check(root, shape)
        let decoder = PolicyTestDecoder(
            problems: problems,
            secrets: SecretDecoder(
                files: NamedFiles(problems: problems, surroundings: surroundings, paths: PathBase(file: file))))
        let tests = decoder.decode(root)
        guard !problems.hasErrors else { throw ConfigurationErrors(errors: problems.findings(.error)) }
        return tests
    }
}

/// The words that tests may expect.
package struct PolicyTestWords {
    /// Of decisions.
    package let decisions: [String]
    /// Of reasons.
    package let reasons: [String]

    /// - Parameters:
    ///   - decisions: those of decisions.
    ///   - reasons: those of reasons.
    package init(decisions: [String], reasons: [String]) {
        self.decisions = decisions
        self.reasons = reasons
    }
}
