import Bytes
import StrictJSON
import Testing

@testable import Configuration

@Suite("configuration.md: the schema of the configuration")
struct ConfigurationSchemaTests {
    @Test("Deploy/gateway.schema.json is what `gateway schema` writes")
    func upToDate() throws {
        let committed = try FileContents.read("\(testDirectory)/../../Deploy/gateway.schema.json", limit: 1 << 20)
        #expect(
            String(decoding: committed, as: UTF8.self)
                == String(decoding: ConfigurationSchema.value.document, as: UTF8.self))
    }

    @Test("every key that exists is in the schema with its description, and no other")
    func keys() {
        func compare(_ shape: Shape, _ schema: JSONNode?, at place: String) {
            switch shape {
            case .object(let object):
                let known = object.keys.filter { $0.presence != .later }
                let properties = schema?["properties"]?.object ?? []
                #expect(properties.map(\.name) == ["$schema", "$comment"] + known.map(\.name), "\(place)")
                #expect(schema?["additionalProperties"]?.bool == false, "\(place)")
                for key in known {
                    let property = schema?["properties"]?[key.name]
                    #expect(property?["description"]?.string == key.summary)
                    compare(key.shape, property, at: "\(place)/\(key.name)")
                }
            case .list(let element), .path(let element, _):
                #expect(schema?["minItems"]?.number?.integer ?? 0 > 0)
                compare(element, schema?["items"], at: place)
            case .map(let value, _): compare(value, schema?["additionalProperties"], at: place)
            case .string: #expect(schema?["$ref"]?.string?.hasPrefix("#/$defs/") == true, "\(place)")
            default: #expect(schema?.object?.isEmpty == false)
            }
        }
        compare(.gateway, JSONNode(value: ConfigurationSchema.value, range: 0..<0), at: "")
    }
}
