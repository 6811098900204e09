import Configuration
import HTTP

/// How a route changes the path of a permitted request for its upstream.
struct PathRewrite {
    /// The length of what is taken away; the route's template says that every path begins with it, as whole segments.
    private let prefixLength: Int
    private let replacement: [UInt8]

    init(_ configuration: RewriteConfiguration) {
        prefixLength = configuration.prefix.utf8.count
        replacement = Array(configuration.replacement.utf8)
    }

    /// The path for the upstream.
    ///
    /// - Parameter path: the canonical path that the route was found by.
    /// - Returns: the path and the forms in it that have other readings; nil if it would not be canonical, or if it
    ///   would begin with two slashes, which some take for the beginning of a host.
    func apply(to path: [UInt8]) -> (path: [UInt8], forms: PathForms)? {
        var rewritten = replacement + path.dropFirst(prefixLength)
        if rewritten.isEmpty { rewritten = Array("/".utf8) }
        var canonical: [UInt8] = []
        guard let forms = try? PathCanonicalizer.canonicalize(rewritten.span, into: &canonical),
            canonical == rewritten, !rewritten.starts(with: "//".utf8)
        else { return nil }
        return (rewritten, forms)
    }
}
