/// A value that must not be seen: it prints as `***`, wherever it is printed.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The secret itself; not empty.
    package var bytes: [UInt8]

    package var description: String { "***" }
    package var debugDescription: String { "***" }
}
