/// A place in the repository that breaks a convention.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    /// The line, counted from 1.
    let line: Int
    /// What is wrong, and what to write instead.
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}
