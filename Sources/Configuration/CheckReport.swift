package import StrictJSON

/// What a check of one file found, for people and for machines.
package struct CheckReport: Sendable {
    /// The file, as it was named.
    package let file: String
    /// What the file means; nil if it has errors.
    package let configuration: GatewayConfiguration?
    /// Errors, or else warnings, in the order of the file.
    package let findings: [ConfigurationFinding]

    /// Reads and checks the file at `path`; blocks.
    ///
    /// - Parameter path: the configuration file.
    package init(path: String) {
        file = path
        do {
            let configuration = try GatewayConfiguration.load(path: path)
            self.configuration = configuration
            findings = configuration.warnings
        } catch {
            configuration = nil
            findings = error.errors
        }
    }

    /// One object with `file`, `hash`, `valid`, `errors` and `warnings`; the hash is absent where there are errors.
    package var json: JSONValue {
        func list(_ severity: ConfigurationRule.Severity) -> JSONValue {
            .elements(findings.filter { $0.rule.severity == severity }.map(\.json))
        }
        let hash = configuration.map { [("hash", JSONValue.string($0.hash))] } ?? []
        return .members(
            [("file", .string(file))] + hash + [
                ("valid", .bool(configuration != nil)), ("errors", list(.error)), ("warnings", list(.warning)),
            ])
    }

    /// The findings of several files as a SARIF 2.1.0 log, as code scanners take it.
    ///
    /// - Parameters:
    ///   - reports: what was found in each file.
    ///   - version: the version of the gateway.
    /// - Returns: the log; a fault of a file as a whole has no region.
    package static func sarif(_ reports: [CheckReport], version: String) -> JSONValue {
        let rules = ConfigurationRule.allCases.map { rule in
            JSONValue.members([
                ("id", .string(rule.rawValue)), ("shortDescription", .members([("text", .string(rule.summary))])),
                ("defaultConfiguration", .members([("level", .string(rule.severity.rawValue))])),
            ])
        }
        let driver = JSONValue.members([
            ("name", .string("gateway")), ("version", .string(version)), ("rules", .elements(rules)),
        ])
        let run = JSONValue.members([
            ("tool", .members([("driver", driver)])), ("columnKind", .string("unicodeCodePoints")),
            ("results", .elements(reports.flatMap(\.findings).map(\.sarif))),
        ])
        return .members([
            ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")), ("version", .string("2.1.0")),
            ("runs", .elements([run])),
        ])
    }
}

extension ConfigurationFinding {
    fileprivate var json: JSONValue {
        let suggested = suggestion.map { [("suggestion", JSONValue.string($0))] } ?? []
        return .members(
            [
                ("rule", .string(rule.rawValue)), ("message", .string(message)), ("file", .string(file)),
                ("line", .integer(line)), ("column", .integer(column)), ("pointer", .string(pointer)),
            ] + suggested)
    }

    fileprivate var sarif: JSONValue {
        let place = JSONValue.members([
            ("startLine", .integer(line)), ("startColumn", .integer(column)), ("endColumn", .integer(column + width)),
        ])
        let physical = [("artifactLocation", JSONValue.members([("uri", .string(uri))]))]
        let logical = JSONValue.elements([.members([("fullyQualifiedName", .string(pointer))])])
        let location = JSONValue.members(
            [("physicalLocation", .members(physical + (line > 0 ? [("region", place)] : [])))]
                + (pointer.isEmpty ? [] : [("logicalLocations", logical)]))
        let text = message + (suggestion.map { "; did you mean \"\($0)\"?" } ?? "")
        return .members([
            ("ruleId", .string(rule.rawValue)), ("level", .string(rule.severity.rawValue)),
            ("message", .members([("text", .string(text))])), ("locations", .elements([location])),
        ])
    }

    /// The file as a URI reference (RFC 3986 §4.1): everything but unreserved characters and slashes is escaped.
    private var uri: String {
        let path = file.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return file.hasPrefix("/") ? "file://\(path)" : path
    }
}
