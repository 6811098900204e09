import Routing

/// How the path of a permitted request is changed for the upstream.
package struct RewriteConfiguration: Sendable, Equatable {
    /// What the path begins with, as whole segments; canonical, without a slash at its end.
    package var prefix: String
    /// What stands in its place; empty if it is left out.
    package var replacement: String

    /// Whether every path of `pattern` begins with the prefix.
    func fits(_ pattern: RoutePattern) -> Bool {
        pattern.literalPath == prefix || pattern.literalPath.hasPrefix(prefix + "/")
    }

    /// Checks that `text` can be a prefix: a canonical path of literal segments, without a slash at its end.
    static func checkPrefix(_ text: String) throws(ValueProblem) {
        let pattern = try RoutePattern(checking: text)
        guard pattern.literalPath == text, !text.hasSuffix("/") else {
            throw ValueProblem(
                message: "a prefix is a path of whole segments without parameters and without a slash at its end, "
                    + "such as \"/api\"")
        }
    }
}
