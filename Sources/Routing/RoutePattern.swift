/// One segment of a path template.
package enum RouteSegment: Hashable, Sendable {
    /// The canonical escaped form of the segment; empty for a trailing slash.
    case literal(String)
    /// One non-empty segment, whatever it holds.
    case parameter(String)
    /// The rest of the path: at least one non-empty segment.
    case rest(String)
}

/// A path template, such as `/items/{id}`, in canonical form.
///
/// Literal segments are made canonical as request paths are: escapes of unreserved characters decoded, hexadecimal digits in
/// upper case (RFC 3986 §6.2.2), so that the two compare byte by byte.
package struct RoutePattern: Sendable, Equatable, CustomStringConvertible {
    /// The template as it was written.
    package let template: String
    /// The segments between the slashes; none for `*`.
    package let segments: [RouteSegment]

    /// Longer templates are refused: no request line could carry a longer path.
    package static let maximumLength = 8192

    /// Whether this is `*`, the target of `OPTIONS *` (RFC 9112 §3.2.4).
    package var isAsterisk: Bool { segments.isEmpty }

    package var description: String { template }

    /// The canonical path of the segments before the first `{`; the only path of the pattern if there
    /// is no `{`.
    package var literalPath: String {
        var path = ""
        for case .literal(let text) in segments.prefix(while: { if case .literal = $0 { true } else { false } }) {
            path += "/" + text
        }
        return path
    }

    /// Parses `template`.
    ///
    /// - Parameter template: `*`, or a path of literal segments, `{name}` and, in the last place, `{name...}`.
    /// - Throws: `RoutePatternError`, with the place in `template`.
    package init(_ template: String) throws(RoutePatternError) {
        let bytes = Array(template.utf8)
        self.template = template
        if bytes == [UInt8(ascii: "*")] {
            segments = []
            return
        }
        guard bytes.first == UInt8(ascii: "/") else { throw RoutePatternError(.noLeadingSlash, at: 0) }
        guard bytes.count <= Self.maximumLength else { throw RoutePatternError(.tooLong, at: Self.maximumLength) }
        var segments: [RouteSegment] = []
        var names: Set<String> = []
        var start = 1
        while start <= bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
            if case .rest = segments.last { throw RoutePatternError(.restNotLast, at: start - 1) }
            if start == end && end < bytes.count { throw RoutePatternError(.emptySegment, at: start) }
            let segment = try SegmentParser(bytes: bytes, start: start, end: end).parse()
            switch segment {
            case .parameter(let name), .rest(let name):
                guard names.insert(name).inserted else { throw RoutePatternError(.repeatedName(name), at: start) }
            case .literal: break
            }
            segments.append(segment)
            start = end + 1
        }
        self.segments = segments
    }

    init(template: String, segments: [RouteSegment]) {
        self.template = template
        self.segments = segments
    }

    /// The same template with the trailing slash that this one lacks, or without the one that it has; nil where there is no
    /// such twin: for `*`, `/` and templates that end in `{name...}`, which match a trailing slash anyway.
    package var withOtherTrailingSlash: RoutePattern? {
        guard let last = segments.last else { return nil }
        switch last {
        case .rest: return nil
        case .literal(""):
            guard segments.count > 1 else { return nil }
            return RoutePattern(template: String(template.dropLast()), segments: Array(segments.dropLast()))
        case .literal, .parameter:
            return RoutePattern(template: template + "/", segments: segments + [.literal("")])
        }
    }
}

/// Why a path template is refused, and where.
package struct RoutePatternError: Error, Equatable {
    /// What is wrong with a template.
    package enum Kind: Equatable, Sendable {
        case noLeadingSlash
        case tooLong
        case emptySegment
        case dotSegment
        case badEscape
        case controlCharacter
        case mustBeEscaped(String)
        case partialParameter
        case badName
        case repeatedName(String)
        case restNotLast
    }

    /// What is wrong.
    package let kind: Kind
    /// The offset in the template's UTF-8 bytes.
    package let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// What is wrong, for people.
    package var message: String {
        switch kind {
        case .noLeadingSlash: "a path starts with \"/\" (or is \"*\", for OPTIONS *)"
        case .tooLong: "a path has at most \(RoutePattern.maximumLength) bytes"
        case .emptySegment: "a path has no empty segments (\"//\")"
        case .dotSegment: "a path has no \".\" or \"..\" segments: request paths are matched after these are resolved"
        case .badEscape: "\"%\" is followed by two hexadecimal digits"
        case .controlCharacter: "control characters never match: such requests are refused"
        case .mustBeEscaped(let escape): "this character is written \"\(escape)\" in a path"
        case .partialParameter: "braces enclose a whole segment: \"{name}\", or \"{name...}\" at the end"
        case .badName: "a parameter's name consists of letters, digits and \"_\", and does not start with a digit"
        case .repeatedName(let name): "the name \"\(name)\" occurs twice in this path"
        case .restNotLast: "\"{name...}\" takes the rest of the path, so nothing can follow it"
        }
    }
}
