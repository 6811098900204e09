import StrictJSON

/// The issuers that are asked about tokens: a token that is opaque does not say which of several to ask.
struct IntrospectedIssuers {
    private let names: [ExactText]
    private let places: [Cursor]
    private let problems: ProblemCollector

    init(in root: Cursor, _ problems: ProblemCollector) {
        self.problems = problems
        let issuers = (root["issuers"]?.members ?? []).filter { $0.value["keys"]?["introspection"] != nil }
        names = issuers.map { ExactText($0.name) }
        places = issuers.map(\.value)
    }

    /// Reports a list of issuers in which several are asked.
    ///
    /// - Parameter list: the value of `issuers` of a route or of all routes.
    func reportSeveral(in list: Cursor?) {
        guard names.count > 1 else { return }
        let asked = (list?.elements ?? []).filter { $0.string.map { names.contains(ExactText($0)) } ?? false }
        guard asked.count > 1 else { return }
        let lines = asked.prefix(2).compactMap { $0.string.flatMap { names.firstIndex(of: ExactText($0)) } }
            .map { "line \(problems.line(of: places[$0]))" }
        problems.report(
            "an opaque token would have to be asked about at several issuers: those on \(lines.joined(separator: " and ")) "
                + "have \"introspection\"", as: .contradiction, at: asked[1])
    }

    /// Reports that several issuers are asked where a route takes tokens of all.
    ///
    /// - Parameter route: the first route that names no issuers and is not public.
    func reportSeveral(on route: Cursor) {
        guard places.count > 1, let keys = places[1]["keys"], let introspection = keys["introspection"] else { return }
        problems.report(
            "an opaque token would have to be asked about here and at the issuer on line \(problems.line(of: places[0])): "
                + "the route on line \(problems.line(of: route)) names no \"issuers\"", as: .contradiction,
            at: keys.nameRange(of: "introspection"), pointer: introspection.pointer)
    }
}
