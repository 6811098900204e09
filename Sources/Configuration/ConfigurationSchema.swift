package import StrictJSON

/// The JSON Schema (draft 2020-12) of the configuration, made from the shapes that the reader checks files with.
///
/// It cannot say everything: references between names, conflicts of routes, files and ranges of quantities are checked by
/// the reader alone. A string that holds `${` may become anything.
package enum ConfigurationSchema {
    /// The whole schema.
    package static var value: JSONValue {
        var forms: [String: JSONValue] = [:]
        guard case .object(let members) = Shape.gateway.schema(collecting: &forms) else { return .null }
        let head: [(String, JSONValue)] = [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Gateway configuration")),
        ]
        let definitions = forms.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return .members(
            head + members.map { ($0.name, $0.node.value) } + [("$defs", .members(definitions))])
    }

    /// Where a variable stands in the place of a string or of a part of it.
    fileprivate static let variable = JSONValue.string(#"\$\{"#)

    fileprivate static let comments = ["$schema", "$comment"]
}

extension StringForm {
    /// The schema of a string that this form is asked of; one in which variables may stand.
    fileprivate var schema: JSONValue {
        var members: [(String, JSONValue)] = [("type", .string("string"))]
        if case .anyText = self { return .members(members) }
        if let pattern {
            members.append(("pattern", .string(#"^(?:\#(pattern))$|\$\{"#)))
        } else {
            members.append(("minLength", .integer(1)))
        }
        if !examples.isEmpty { members.append(("examples", .elements(examples.map { .string($0) }))) }
        return .members(members)
    }

    /// The schema of a key of this form, beside those of comments.
    fileprivate var nameSchema: JSONValue {
        let comments = ConfigurationSchema.comments.map { #"\\#($0)"# }.joined(separator: "|")
        return pattern.map { .members([("pattern", .string("^(?:\(comments)|\($0))$"))]) }
            ?? .members([("minLength", .integer(1))])
    }
}

extension Shape {
    /// The schema of this shape; `forms` receives the definitions that it refers to.
    fileprivate func schema(collecting forms: inout [String: JSONValue]) -> JSONValue {
        switch self {
        case .boolean: .members([("type", .string("boolean"))])
        case .yes: .members([("const", .bool(true))])
        case .integer(let range):
            .members([
                ("type", .string("integer")), ("minimum", .integer(range.lowerBound)),
                ("maximum", .integer(range.upperBound)),
            ])
        case .oneOfIntegers(let allowed): .members([("enum", .elements(allowed.map { .integer($0) }))])
        case .string(let form): Self.reference(to: form, &forms)
        case .word(let words, _):
            .members([
                ("type", .string("string")),
                (
                    "anyOf",
                    .elements([
                        .members([("enum", .elements(words.map { .string($0) }))]),
                        .members([("pattern", ConfigurationSchema.variable)]),
                    ])
                ),
            ])
        case .list(let element):
            Self.list(
                element.schema(collecting: &forms), [("uniqueItems", .bool(true))].filter { _ in element.isText })
        case .anyList(let element):
            Self.list(element.schema(collecting: &forms), [("uniqueItems", .bool(true))], 0)
        case .path(let element, let count):
            Self.list(element.schema(collecting: &forms), count.map { [("maxItems", .integer($0))] } ?? [], count ?? 1)
        case .map(let value, let names):
            Self.map(value.schema(collecting: &forms), names)
        case .object(let object): object.schema(collecting: &forms)
        case .either(let shapes): .members([("anyOf", .elements(shapes.map { $0.schema(collecting: &forms) }))])
        case .secret:
            .members([
                (
                    "anyOf",
                    .elements([
                        .members([("type", .string("string")), ("minLength", .integer(1))]),
                        ObjectShape.secretSource.schema(collecting: &forms),
                    ])
                )
            ])
        case .keySet, .anyObject: .members([("type", .string("object"))])
        }
    }

    /// Whether values may be strings, which a list holds only once.
    private var isText: Bool {
        switch self {
        case .string, .word: true
        case .either(let shapes): shapes.allSatisfy(\.isText)
        default: false
        }
    }

    private static func reference(to form: StringForm, _ forms: inout [String: JSONValue]) -> JSONValue {
        forms[form.schemaName] = form.schema
        return .members([("$ref", .string("#/$defs/\(form.schemaName)"))])
    }

    private static func list(_ element: JSONValue, _ more: [(String, JSONValue)], _ minimum: Int = 1) -> JSONValue {
        .members([("type", .string("array")), ("items", element), ("minItems", .integer(minimum))] + more)
    }

    private static func map(_ value: JSONValue, _ names: StringForm) -> JSONValue {
        let comments = ConfigurationSchema.comments
        let onlyComments = JSONValue.members([
            ("propertyNames", .members([("enum", .elements(comments.map { .string($0) }))]))
        ])
        return .members([
            ("type", .string("object")), ("properties", .members(comments.map { ($0, .bool(true)) })),
            ("additionalProperties", value), ("propertyNames", names.nameSchema), ("minProperties", .integer(1)),
            ("not", onlyComments),
        ])
    }
}

extension ObjectShape {
    fileprivate func schema(collecting forms: inout [String: JSONValue]) -> JSONValue {
        let known = keys.filter { $0.presence != .later }
        var properties = ConfigurationSchema.comments.map { ($0, JSONValue.bool(true)) }
        for key in known { properties.append((key.name, key.schema(collecting: &forms))) }
        var members: [(String, JSONValue)] = [
            ("type", .string("object")), ("properties", .members(properties)), ("additionalProperties", .bool(false)),
        ]
        let required = known.filter { $0.presence == .required && $0.condition == .always }
        if !required.isEmpty {
            members.append(("required", .elements(required.map { .string($0.name) })))
        }
        let conditional = known.filter { $0.condition != .always }.map(\.conditionSchema)
        if !conditional.isEmpty { members.append(("allOf", .elements(conditional))) }
        if isChoice { members.append(("oneOf", .elements(known.map { Self.requiring($0.name) }))) }
        if !inseparable.isEmpty {
            let partners = inseparable.map { key in
                (key, JSONValue.elements(inseparable.filter { $0 != key }.map { .string($0) }))
            }
            members.append(("dependentRequired", .members(partners)))
        }
        if !contradictions.isEmpty {
            let exclusions = contradictions.map { key, others in
                (key, JSONValue.members([("not", .members([("anyOf", .elements(others.map(Self.requiring)))]))]))
            }
            members.append(("dependentSchemas", .members(exclusions)))
        }
        return .members(members)
    }

    fileprivate static func requiring(_ name: String) -> JSONValue {
        .members([("required", .elements([.string(name)]))])
    }
}

extension KeyCondition {
    /// What is good only where the condition holds.
    fileprivate var schema: JSONValue {
        switch self {
        case .always: .bool(true)
        case .with(let paths): .members([("anyOf", .elements(paths.map { Self.presence(of: $0[...]) }))])
        case .without(let paths): .members([("not", KeyCondition.with(paths).schema)])
        }
    }

    private static func presence(of path: ArraySlice<String>) -> JSONValue {
        guard let name = path.first else { return .bool(true) }
        let required = ("required", JSONValue.elements([.string(name)]))
        let rest = path.dropFirst()
        return rest.isEmpty
            ? .members([required])
            : .members([required, ("properties", .members([(name, presence(of: rest))]))])
    }
}

extension Key {
    /// Where the key must, may and must not be.
    fileprivate var conditionSchema: JSONValue {
        let required = ObjectShape.requiring(name)
        return .members(
            [("if", condition.schema)] + (presence == .required ? [("then", required)] : [])
                + [("else", .members([("not", required)]))])
    }

    fileprivate func schema(collecting forms: inout [String: JSONValue]) -> JSONValue {
        guard case .object(let members) = shape.schema(collecting: &forms) else { return .null }
        let description = [("description", JSONValue.string(summary))]
        return .members(
            description + (defaultValue().map { [("default", $0)] } ?? []) + members.map { ($0.name, $0.node.value) })
    }
}
