import AccessLog
import ArgumentParser
import Configuration
import StrictJSON

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Write the JSON Schema (draft 2020-12) of the configuration, for editors.")

    @Flag(help: "Write the schema of a line of the access log instead.")
    var log = false

    func run() {
        let schema = log ? LogSchema.value : ConfigurationSchema.value
        print(String(decoding: schema.document, as: UTF8.self), terminator: "")
    }
}

/// The JSON Schema of a line of the access log, made from the keys that lines have.
enum LogSchema {
    static var value: JSONValue {
        let properties = LineKey.all.map { key in
            (key.name, JSONValue.members([("description", .string(key.summary))] + type(of: key.kind)))
        }
        return .members([
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Line of the gateway's access log")), ("type", .string("object")),
            ("properties", .members(properties)), ("additionalProperties", .bool(false)),
            ("required", .elements(LineKey.all.filter(\.isAlwaysThere).map { .string($0.name) })),
        ])
    }

    private static func type(of kind: LineKey.Kind) -> [(String, JSONValue)] {
        switch kind {
        case .text: [("type", .string("string"))]
        case .integer: [("type", .string("integer"))]
        case .seconds: [("type", .string("number"))]
        case .words: [("type", .string("array")), ("items", .members([("type", .string("string"))]))]
        case .oneOf(let words): [("enum", .elements(words.map { .string($0) }))]
        }
    }
}
