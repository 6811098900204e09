/// Which modules each target may import, as Package.swift says.
struct DependencyTable {
    private(set) var dependencies: [String: Set<String>] = [:]

    /// Reads the calls that declare targets: `library`, `tests`, `.target`, `.executableTarget`, `.testTarget` and
    /// `.systemLibrary`; in each, the first string is the target and the others are what it depends on.
    init(manifest: String) {
        guard let start = manifest.firstRange(of: "targets: [\n") else { return }
        var products: [String: String] = [:]
        for line in manifest[..<start.lowerBound].split(separator: "\n") where line.contains(".product(name: \"") {
            let words = line.words
            let strings = Self.strings(in: line)
            if words.first == "let", let product = strings.first { products[String(words[1])] = product }
        }
        for call in Self.calls(in: manifest[start.upperBound...]) {
            guard let name = Self.strings(in: call).first else { continue }
            var imports = Set(Self.strings(in: Self.list(in: call)))
            for word in call.words { if let product = products[String(word)] { imports.insert(product) } }
            dependencies[name] = imports
        }
    }

    /// The text of each call in a list of calls, by matching brackets.
    private static func calls(in text: Substring) -> [Substring] {
        var calls: [Substring] = []
        var start = text.startIndex
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(", "[": depth += 1
            case ")", "]":
                depth -= 1
                if depth < 0 { return calls }
                if depth == 0 {
                    calls.append(text[start...index])
                    start = text.index(after: index)
                }
            default: break
            }
        }
        return calls
    }

    /// The first bracketed list in `call`: its dependencies.
    private static func list(in call: Substring) -> Substring {
        guard let open = call.firstIndex(of: "["), let close = call[open...].firstIndex(of: "]") else { return "" }
        return call[open...close]
    }

    private static func strings(in text: Substring) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }
}
