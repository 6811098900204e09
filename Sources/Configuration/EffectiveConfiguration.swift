import StrictJSON

/// What a configuration comes to: a file of the same meaning in which nothing is left out.
///
/// Defaults are filled in, `route_defaults` and what routes take over from other parts are written into each route, and
/// the environment is put in. Secrets are shown as `***`. The order of the file is kept, and so are comments.
package struct EffectiveConfiguration {
    private let root: Cursor
    /// Where strings start that are not shown.
    private let secrets: Set<Int>

    /// The effective configuration of a file, as a JSON text in the format of the file.
    ///
    /// - Parameters:
    ///   - bytes: the file's text.
    ///   - file: its name; relative paths in it are relative to its directory.
    ///   - surroundings: the environment and the files that the text refers to.
    /// - Returns: the same bytes for the same file and environment.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with the file.
    package static func text(
        of bytes: [UInt8], file: String, surroundings: Surroundings
    ) throws(ConfigurationErrors) -> [UInt8] {
        EffectiveConfiguration(try CheckedFile(bytes, file: file, surroundings: surroundings)).text
    }

    init(_ checked: CheckedFile) {
        root = checked.root
        secrets = Set(checked.secrets.ranges.map(\.lowerBound))
    }

    /// The configuration as a JSON text in the format of the file.
    var text: [UInt8] { value.document }

    /// The effective configuration of the file at `path`; blocks.
    ///
    /// - Parameter path: the configuration file.
    /// - Returns: a JSON text in the format of the file.
    /// - Throws: `ConfigurationErrors`: everything that is wrong with the file.
    package static func text(path: String) throws(ConfigurationErrors) -> [UInt8] {
        let surroundings = Surroundings.process
        return try text(
            of: GatewayConfiguration.bytes(path: path, surroundings), file: path, surroundings: surroundings)
    }

    private var value: JSONValue {
        guard case .object(let shape) = Shape.gateway else { return shown(root.node) }
        let defaults = root["route_defaults"]
        return completed(root, shape) { member, key in
            switch member.name {
            // These stand in the routes; filled in here as well, they would be said twice.
            case "route_defaults": shown(member.value.node)
            case "routes": .elements(member.value.elements.map { route($0, defaults: defaults) })
            default: completed(member.value, key.shape)
            }
        }
    }

    private func completed(_ cursor: Cursor, _ shape: Shape) -> JSONValue {
        switch (shape, cursor.node.value) {
        case (.object(let object), .object):
            completed(cursor, object) { completed($0.value, $1.shape) }
        case (.list(let element), .array), (.path(let element, _), .array):
            .elements(cursor.elements.map { completed($0, element) })
        case (.map(let value, _), .object):
            .members(written(cursor) { completed($0.value, value) })
        case (.either(let shapes), let value):
            completed(cursor, shapes.first { $0.fits(value) } ?? .anyObject)
        default: shown(cursor.node)
        }
    }

    private typealias Member = (name: String, value: Cursor)

    /// The members that an object has, and then those that it could have and that have a default.
    private func completed(
        _ cursor: Cursor, _ shape: ObjectShape, _ value: (Member, Key) -> JSONValue
    ) -> JSONValue {
        let own = written(cursor) { member in shape[member.name].map { value(member, $0) } ?? shown(member.value.node) }
        return .members(own + defaults(of: shape.keys.filter { cursor[$0.name] == nil }, in: cursor))
    }

    /// The members that an object has; comments stay as they are.
    private func written(_ cursor: Cursor, _ value: (Member) -> JSONValue) -> [(String, JSONValue)] {
        (cursor.node.object ?? []).map { member in
            let child = Cursor(node: member.node, pointer: .key(cursor.pointer, member.name))
            return (member.name, Cursor.isComment(member.name) ? member.node.value : value((member.name, child)))
        }
    }

    /// The defaults of keys that are not in an object; nil for one that is not written.
    private func defaults(of keys: [Key], in object: Cursor?) -> [(String, JSONValue)] {
        keys.compactMap { key in
            guard key.name != "route_defaults", key.condition.holds(in: object),
                let value = defaultValue(of: key, in: object)
            else { return nil }
            return (key.name, value)
        }
    }

    /// What holds where `key` is not written; nil if nothing can be written for it.
    private func defaultValue(of key: Key, in object: Cursor? = nil) -> JSONValue? {
        if let place = key.inherits { return inherited(from: place) }
        if let value = key.defaultValue(in: object) { return value }
        guard key.presence == .optional, case .object(let object) = key.shape, !object.isChoice,
            !object.meansSomethingEmpty, !object.keys.contains(where: { $0.presence == .required })
        else { return nil }
        let members = defaults(of: object.keys, in: nil)
        return members.isEmpty ? nil : .members(members)
    }

    /// The value of a key elsewhere in the file, or its default.
    private func inherited(from place: [String]) -> JSONValue? {
        var cursor: Cursor? = root
        var shape = Shape.gateway
        var value: JSONValue?
        for name in place {
            guard case .object(let object) = shape, let key = object[name] else { return nil }
            cursor = cursor?[name]
            shape = key.shape
            value = cursor.map { shown($0.node) } ?? key.defaultValue()
        }
        return value
    }

    private func route(_ own: Cursor, defaults routeDefaults: Cursor?) -> JSONValue {
        var members = written(own) { member in
            Shape.routeShape[member.name].map { completed(member.value, $0.shape) } ?? shown(member.value.node)
        }
        let taken = routeDefaults.map { AccessFields.inherited(by: own, from: $0) } ?? []
        let isPublic = own["public"] != nil || taken.contains("public")
        for key in Shape.routeSettings where own[key.name] == nil {
            // Without a token, these have no meaning.
            if isPublic && (AccessFields.meaninglessInPublic + ["outlive_token"]).contains(key.name) { continue }
            if AccessFields.keys.contains(key.name) && !taken.contains(key.name) { continue }
            if let value = routeDefaults?[key.name] {
                // An upstream of all routes remains one upstream where it is written.
                if key.name != "upstream" || value.string != nil {
                    members.append((key.name, completed(value, key.shape)))
                }
            } else if let value = defaultValue(of: key) {
                members.append((key.name, value))
            }
        }
        return .members(members)
    }

    /// The value as it stands in the file, with secrets masked and variables put in.
    private func shown(_ node: JSONNode) -> JSONValue {
        let isString = node.string != nil
        if secrets.contains(node.range.lowerBound + (isString ? 1 : 0)) { return .string("***") }
        switch node.value {
        // A variable's value is not a place for variables.
        case .string(let text): return .string(text.replacing("${", with: "$${"))
        case .array(let elements): return .elements(elements.map(shown))
        case .object(let members):
            return .members(
                members.map { ($0.name, Cursor.isComment($0.name) ? $0.node.value : shown($0.node)) })
        case .null, .bool, .number: return node.value
        }
    }
}
