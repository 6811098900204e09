/// Reads a form (`application/x-www-form-urlencoded`, as RFC 6749 Appendix B describes it) piece by piece as it arrives.
///
/// Escapes that are none, and names that stand twice (RFC 6749 §3.2), are refused.
package struct FormParser: Sendable {
    private var fields: [FormField] = []
    /// The name of the field under way, once its end was seen.
    private var name: [UInt8]?
    private var text = FormText()

    /// How many fields a form may have; six mean something.
    private static let maximumCount = 64

    package init() {}

    /// Reads what comes next of the form.
    ///
    /// - Throws: `TokenEndpointError.invalidRequest`.
    package mutating func consume(_ bytes: Span<UInt8>) throws(TokenEndpointError) {
        for index in bytes.indices { try consume(bytes[index]) }
    }

    private mutating func consume(_ byte: UInt8) throws(TokenEndpointError) {
        switch byte {
        case UInt8(ascii: "&"): try endField()
        case UInt8(ascii: "=") where name == nil: name = try takeText()
        default: guard text.append(byte) else { throw .invalidRequest(.malformedForm) }
        }
    }

    private mutating func takeText() throws(TokenEndpointError) -> [UInt8] {
        guard let bytes = text.take() else { throw .invalidRequest(.malformedForm) }
        return bytes
    }

    private mutating func endField() throws(TokenEndpointError) {
        let last = try takeText()
        let field = FormField(name: name ?? last, value: name == nil ? [] : last)
        name = nil
        if field.name.isEmpty && field.value.isEmpty { return }
        guard !fields.contains(where: { $0.name == field.name }) else { throw .invalidRequest(.repeatedParameter) }
        guard fields.count < Self.maximumCount else { throw .invalidRequest(.malformedForm) }
        fields.append(field)
    }

    /// The form, once all of it was consumed.
    ///
    /// - Throws: `TokenEndpointError.invalidRequest`.
    package mutating func finish() throws(TokenEndpointError) -> Form {
        try endField()
        return Form(fields: fields)
    }
}

/// A field of a form, after escapes.
struct FormField: Sendable {
    let name: [UInt8]
    let value: [UInt8]
}

/// A form that was read whole.
package struct Form: Sendable {
    fileprivate let fields: [FormField]

    /// The value of a field; an empty one counts as absent (RFC 6749 §3.2).
    func bytes(of name: String) -> [UInt8]? {
        fields.first { $0.name == Array(name.utf8) && !$0.value.isEmpty }?.value
    }

    /// The value of a field as text; an empty one counts as absent.
    ///
    /// - Throws: `TokenEndpointError.invalidRequest` if it is not UTF-8.
    func text(of name: String) throws(TokenEndpointError) -> String? {
        guard let bytes = bytes(of: name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidRequest(.malformedForm) }
        return text
    }
}
