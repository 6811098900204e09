internal import Bytes

/// Which certificate is for which name: an exact name before a wildcard, which stands for one whole label (RFC 6125 section
/// 6.4.3).
struct ServerNames {
    private var exact = SortedNames()
    /// What follows the star.
    private var suffixes = SortedNames()

    /// Gives names to a site, unless an earlier one has them.
    ///
    /// - Parameters:
    ///   - names: in lower case; a name of another form than `a.example` or `*.example` never fits.
    ///   - site: the site's number.
    /// - Returns: whether any name was free.
    mutating func add(_ names: [[UInt8]], site: Int) -> Bool {
        var isAnyFree = false
        for name in names {
            let name = name.last == UInt8(ascii: ".") ? name.dropLast() : name[...]
            let isWildcard = name.starts(with: "*.".utf8)
            let fixed = isWildcard ? name.dropFirst() : name
            guard !fixed.contains(UInt8(ascii: "*")), fixed.count > 1 else { continue }
            let isFree = isWildcard ? suffixes.add(Array(fixed), site) : exact.add(Array(fixed), site)
            isAnyFree = isAnyFree || isFree
        }
        return isAnyFree
    }

    /// The site for `name`, whatever its case, with or without a trailing dot; nil if it fits none. Allocates nothing.
    func site(for name: Span<UInt8>) -> Int? {
        guard !name.isEmpty else { return nil }
        let end = name[name.count - 1] == UInt8(ascii: ".") ? name.count - 1 : name.count
        let bare = name.extracting(0..<end)
        if let site = exact.site(for: bare) { return site }
        for index in bare.indices where bare[index] == UInt8(ascii: ".") {
            return index == 0 ? nil : suffixes.site(for: bare.extracting(index..<end))
        }
        return nil
    }
}

/// Names in order, so that one is found among many without hashing.
private struct SortedNames {
    private var entries: [(name: [UInt8], site: Int)] = []

    /// - Returns: false if the name is there already.
    mutating func add(_ name: [UInt8], _ site: Int) -> Bool {
        let (place, isFound) = search(name.span)
        if !isFound { entries.insert((name, site), at: place) }
        return !isFound
    }

    func site(for name: Span<UInt8>) -> Int? {
        let (place, isFound) = search(name)
        return isFound ? entries[place].site : nil
    }

    private func search(_ name: Span<UInt8>) -> (place: Int, isFound: Bool) {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            let entry = entries[middle].name
            let difference = difference(name, entry.span)
            if difference == 0 { return (middle, true) }
            if difference < 0 { high = middle } else { low = middle + 1 }
        }
        return (low, false)
    }

    private func difference(_ name: Span<UInt8>, _ entry: Span<UInt8>) -> Int {
        guard name.count == entry.count else { return name.count - entry.count }
        for index in name.indices where name[index].lowercasedASCII != entry[index] {
            return Int(name[index].lowercasedASCII) - Int(entry[index])
        }
        return 0
    }
}
