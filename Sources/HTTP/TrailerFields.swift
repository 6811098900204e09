extension Fields {
    /// The trailer fields without those that must not come behind a body (RFC 9110 section 6.5.1): none about framing, routing or
    /// authentication, and none that the gateway manages.
    package func passableTrailers() -> Fields {
        var passable = Fields()
        for index in 0..<count where !hasUnderscore(at: index) {
            if let known = known(at: index), FieldNameSet.notInTrailers.contains(known) { continue }
            passable.append(name: name(at: index), value: value(at: index))
        }
        return passable
    }
}
