/// What became of the question for newer keys.
package struct KeyAnswer: Sendable {
    /// Whether the board has what the issuer said last, at most the minimum interval ago: a key that is not there then does not
    /// exist.
    package let isCurrent: Bool
    /// Before when asking again is of no use, in seconds since 1970.
    package let nextAttempt: Int

    package init(isCurrent: Bool, nextAttempt: Int) {
        self.isCurrent = isCurrent
        self.nextAttempt = nextAttempt
    }
}
