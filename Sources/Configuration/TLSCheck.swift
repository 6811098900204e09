import TLS

/// Finds everything in settings of TLS that cannot be used.
///
/// What is at fault is reported and taken out, so that all the rest is looked at, too.
protocol TLSCheck {
    var problems: ProblemCollector { get }
    /// The value of `tls`.
    var place: Cursor { get }

    /// Sets TLS up with what is left of the settings.
    ///
    /// - Throws: what is wrong with them.
    func attempt() throws(TLSError)

    /// Takes a part out of the settings.
    ///
    /// - Parameter part: what is at fault.
    /// - Returns: where it stands; nil if it is not there.
    mutating func takeOut(_ part: SettingsPart) -> Cursor?
}

extension TLSCheck {
    mutating func run() {
        while true {
            do throws(TLSError) {
                return try attempt()
            } catch {
                let faulty = error.part.flatMap { takeOut($0) }
                problems.report(error, at: faulty ?? place)
                if faulty == nil { return }
            }
        }
    }
}
