import Bytes
import Testing

@testable import Configuration

@Suite("configuration.md: the documentation has every key")
struct DocumentedKeyTests {
    @Test("each key has a row, or is shown in one, and the row of a key with a default has the default")
    func rows() throws {
        let path = "\(testDirectory)/../../Sources/Gateway/Gateway.docc/Configuration.md"
        let text = String(decoding: try FileContents.read(path, limit: 1 << 20), as: UTF8.self)
        let lines = text.split(separator: "\n")
        var count = 0
        for key in keys(of: .gateway) {
            count += 1
            let rows = lines.filter { $0.hasPrefix("| `\(key.name)` |") }
            #expect(!rows.isEmpty || text.contains("{\"\(key.name)\": "), "\(key.name)")
            guard let value = key.defaultText else { continue }
            #expect(rows.contains { $0.hasSuffix("| `\(value)` |") }, "\(key.name)")
        }
        #expect(count > 80)
    }

    @Test("each warning has a row")
    func warnings() throws {
        let path = "\(testDirectory)/../../Sources/Gateway/Gateway.docc/Configuration.md"
        let text = String(decoding: try FileContents.read(path, limit: 1 << 20), as: UTF8.self)
        for rule in ConfigurationRule.allCases where rule.severity == .warning {
            #expect(text.contains("\n| `\(rule.rawValue)` |"))
        }
    }

    private func keys(of shape: Shape) -> [Key] {
        switch shape {
        case .object(let object):
            object.keys.filter { $0.presence != .later }.flatMap { [$0] + keys(of: $0.shape) }
        case .list(let element), .path(let element, _), .map(let element, names: _): keys(of: element)
        case .either(let shapes): shapes.flatMap(keys)
        default: []
        }
    }
}
