import StrictJSON

/// What a value of the file must look like; the one description of the configuration's keys.
indirect enum Shape: Sendable {
    case boolean
    /// `true`, for keys that are left out otherwise.
    case yes
    case integer(ClosedRange<Int>)
    case oneOfIntegers([Int])
    case string(StringForm)
    /// One of some words; `later` are words whose feature does not exist yet.
    case word([String], later: [String] = [])
    /// A list that is not empty and in which no string occurs twice.
    case list(Shape)
    /// The same, and it may be empty.
    case anyList(Shape)
    /// A list that is not empty, in which strings may repeat; of `count` elements, if that is said.
    case path(Shape, count: Int? = nil)
    /// An object that is not empty, whose keys the operator chooses.
    case map(Shape, names: StringForm)
    case object(ObjectShape)
    /// One of some shapes, each of another JSON type.
    case either([Shape])
    /// A secret: a string, or an object that says where it is.
    case secret
    /// A JWK Set (RFC 7517 §5), whose keys are checked elsewhere.
    case keySet
    /// An object whose content is checked elsewhere.
    case anyObject

    /// Whether a value of this shape may be or hold a secret.
    var holdsSecrets: Bool {
        switch self {
        case .secret, .keySet: true
        case .object(let object): object.holdsSecrets
        case .list(let element), .path(let element, _), .map(let element, _): element.holdsSecrets
        case .either(let shapes): shapes.contains(where: \.holdsSecrets)
        default: false
        }
    }

    /// The names of all keys that values of this shape may have, but for those that the operator chooses.
    var keyNames: Set<String> {
        switch self {
        case .object(let object): object.keys.reduce(into: []) { $0.formUnion($1.shape.keyNames.union([$1.name])) }
        case .list(let element), .path(let element, _), .map(let element, _): element.keyNames
        case .either(let shapes): shapes.reduce(into: []) { $0.formUnion($1.keyNames) }
        case .secret: Set(ObjectShape.secretSource.keys.map(\.name))
        default: []
        }
    }

    /// The JSON type, for messages.
    var typeName: String {
        switch self {
        case .boolean: "true or false"
        case .yes: "true"
        case .integer, .oneOfIntegers: "a whole number"
        case .string, .word: "a string"
        case .list, .anyList, .path: "a list"
        case .map, .object, .keySet, .anyObject: "an object"
        case .secret: "a string or an object"
        case .either(let shapes): shapes.map(\.typeName).joined(separator: " or ")
        }
    }
}

extension ObjectShape {
    /// Where a secret is.
    static let secretSource = ObjectShape(
        [
            Key("file", .string(.file), "A file that holds nothing but the secret."),
            Key("env", .string(.text), "The environment variable that holds the secret."),
        ], isChoice: true)
}

/// A key of an object.
struct Key: Sendable {
    enum Presence: Sendable, Equatable {
        /// Required wherever its condition holds.
        case required
        case optional
        /// The reader knows the key, but its feature does not exist yet.
        case later
    }

    let name: String
    let shape: Shape
    let presence: Presence
    /// Where it means something; anywhere else it is an error.
    let condition: KeyCondition
    /// The default as it would be written.
    let defaultText: String?
    /// Where the default is another one, and which.
    private let exception: (condition: KeyCondition, defaultText: String)?
    /// The key of the file, by names from the top, whose value holds where this key is not written.
    let inherits: [String]?
    /// What the key is for, in one sentence.
    let summary: String

    init(
        _ name: String, _ shape: Shape, _ presence: Presence, where condition: KeyCondition = .always, _ summary: String
    ) {
        self.init(name, shape, presence, condition, nil, nil, nil, summary)
    }

    /// An optional key.
    init(_ name: String, _ shape: Shape, where condition: KeyCondition = .always, _ summary: String) {
        self.init(name, shape, .optional, condition, nil, nil, nil, summary)
    }

    /// An optional key with a default, as it would be written, and perhaps another default under a condition.
    init(
        _ name: String, _ shape: Shape, where condition: KeyCondition = .always, default defaultText: String,
        except exception: (condition: KeyCondition, defaultText: String)? = nil, _ summary: String
    ) {
        self.init(name, shape, .optional, condition, defaultText, exception, nil, summary)
    }

    /// An optional key whose default is another key's value.
    init(_ name: String, _ shape: Shape, inherits: [String], _ summary: String) {
        self.init(name, shape, .optional, .always, nil, nil, inherits, summary)
    }

    private init(
        _ name: String, _ shape: Shape, _ presence: Presence, _ condition: KeyCondition, _ defaultText: String?,
        _ exception: (condition: KeyCondition, defaultText: String)?, _ inherits: [String]?, _ summary: String
    ) {
        self.name = name
        self.shape = shape
        self.presence = presence
        self.condition = condition
        self.defaultText = defaultText
        self.exception = exception
        self.inherits = inherits
        self.summary = summary
    }

    /// The default as a value.
    ///
    /// - Parameter object: the object that the key is missing in; nil for what mostly holds.
    /// - Returns: nil if there is none.
    func defaultValue(in object: Cursor? = nil) -> JSONValue? {
        guard var defaultText else { return nil }
        if let exception, exception.condition.holds(in: object) { defaultText = exception.defaultText }
        switch shape {
        case .boolean: return .bool(defaultText == "true")
        case .integer, .oneOfIntegers: return Int(defaultText).map { .integer($0) }
        case .list, .anyList, .path: return (try? JSONReader.read(defaultText.utf8.span))?.value
        default: return .string(defaultText)
        }
    }

    /// A key whose feature does not exist yet.
    static func later(_ name: String, _ summary: String) -> Key { Key(name, .anyObject, .later, summary) }
}

/// The keys that an object may have.
struct ObjectShape: Sendable {
    let keys: [Key]
    /// Whether exactly one of the keys must be there.
    let isChoice: Bool
    /// Why some keys that one might expect are none, by their names.
    let absences: [String: String]
    /// For some keys, those that cannot stand beside it.
    let contradictions: [(key: String, others: [String])]
    /// Keys of which all are there or none.
    let inseparable: [String]
    /// Whether the object says something by being there: where it is not written, its defaults do not stand in its place.
    let meansSomethingEmpty: Bool
    /// Whether a secret may stand somewhere inside: most objects need not be searched for one.
    let holdsSecrets: Bool
    private let positions: [String: Int]
    /// For how many unknown keys of an object of a file it is worth the time to guess which known ones were meant.
    static let maximumGuesses = 100

    init(
        _ keys: [Key], isChoice: Bool = false, absences: [String: String] = [:],
        contradictions: [(key: String, others: [String])] = [], inseparable: [String] = [],
        meansSomethingEmpty: Bool = false
    ) {
        self.keys = keys
        self.inseparable = inseparable
        self.meansSomethingEmpty = meansSomethingEmpty
        self.contradictions = contradictions
        self.absences = absences
        self.isChoice = isChoice
        holdsSecrets = keys.contains { $0.shape.holdsSecrets }
        positions = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1.name, $0) })
    }

    /// The key of this name, or nil.
    subscript(name: String) -> Key? { positions[name].map { keys[$0] } }

    /// The key that was probably meant by `name`, which is none.
    func nearestKey(to name: String) -> Key? {
        nearestWord(to: name, among: keys.map(\.name)).flatMap { self[$0] }
    }
}
