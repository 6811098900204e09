import Bytes
import Configuration
import Testing

/// Each file in `Broken` has one fault or some that belong together; what the gateway says about it stands beside it.
@Suite("configuration.md, promise 2: nothing is ignored")
struct BrokenFileTests {
    @Test("a broken file is reported as in its golden output", arguments: brokenFiles)
    func golden(name: String) throws {
        let bytes = try FileContents.read("\(testDirectory)/Broken/\(name).json", limit: 1 << 20)
        let expected = try FileContents.read("\(testDirectory)/Broken/\(name).txt", limit: 1 << 20)
        let error = #expect(throws: ConfigurationErrors.self) {
            _ = try GatewayConfiguration.read(bytes, file: "\(name).json", surroundings: .fixed)
        }
        #expect((error?.description ?? "") + "\n" == String(decoding: expected, as: UTF8.self))
    }
}
