internal import StrictJSON

/// The claims that upstreams are told, which principals keep for that.
package struct ToldClaims: Sendable {
    /// Their paths, each once.
    private(set) var paths: [[String]] = []
    private var positions: [[ExactText]: Int] = [:]

    /// - Parameter paths: paths of keys; the same one may occur several times.
    package init(_ paths: [[String]] = []) {
        for path in paths {
            let key = path.map { ExactText($0) }
            guard positions[key] == nil else { continue }
            positions[key] = self.paths.count
            self.paths.append(path)
        }
    }

    /// Where principals keep the claim; nil if it is not told.
    package func position(of path: [String]) -> Int? { positions[path.map { ExactText($0) }] }
}
