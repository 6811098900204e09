/// A role: a name for scopes that tokens may carry instead of them.
package struct RoleConfiguration: Sendable, Equatable {
    /// What tokens call it.
    package var name: String
    /// The roles that it includes directly; never in a circle.
    package var includes: [String]
    /// The scopes that it grants itself.
    package var scopes: [String]
}
