/// How the access log is written.
package struct AccessLogConfiguration: Sendable, Equatable {
    /// Where lines go.
    package enum Output: Sendable, Equatable {
        case standardOutput
        case standardError
        /// A file that is opened for appending, by its path.
        case file(String)
    }

    /// The form of a line.
    package enum Format: String, Sendable, CaseIterable {
        case json
    }

    /// What happens to lines that the output does not take in time.
    package enum Overflow: String, Sendable, CaseIterable {
        case drop
        case block
    }

    /// How values that name a person are written.
    package enum Disclosure: String, Sendable, CaseIterable {
        case plain
        case hash
        case omit
    }

    /// Where lines go.
    package var output = Output.standardOutput
    /// The form of a line.
    package var format = Format.json
    /// What happens to lines that the output does not take in time.
    package var onOverflow = Overflow.drop
    /// How the subject is written.
    package var subject = Disclosure.plain
    /// How the addresses of clients are written.
    package var addresses = Disclosure.plain
}
