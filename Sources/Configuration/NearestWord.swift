/// Finds the word that was probably meant.
///
/// The distance counts insertions, deletions, replacements and swaps of neighbours; a third of the word may differ.
///
/// - Parameters:
///   - word: what was written.
///   - candidates: what could have been written; of equally near ones the first counts.
/// - Returns: the nearest word, if one is near enough.
package func nearestWord(to word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().unicodeScalars)
    guard letters.count <= 64 else { return nil }
    var best: String?
    var bound = max(1, letters.count / 3) + 1
    for candidate in candidates where candidate.utf8.count <= 256 {
        let other = Array(candidate.lowercased().unicodeScalars)
        guard abs(other.count - letters.count) < bound else { continue }
        let distance = editDistance(letters, other)
        if distance < bound {
            bound = distance
            best = candidate
        }
    }
    return best
}

private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, letter) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var distance = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                distance = min(distance, beforeLast[column - 1] + 1)
            }
            current.append(distance)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
