package import Passwords
internal import StrictJSON

/// A user or a client: who it is, how it proves it, and what its tokens may say.
package struct Account: Sendable {
    package let name: String
    let hash: PasswordHash
    /// All that it may do: its own scopes and those of its roles, as the issuer's grant puts them together.
    let scopes: [String]
    let roles: [String]

    /// - Parameters:
    ///   - name: the name of the user, or the identifier of the client.
    ///   - hash: that of the password, or of the client's secret.
    ///   - scopes: all that it may do, in file order; see the property.
    ///   - roles: its roles.
    package init(name: String, hash: PasswordHash, scopes: [String], roles: [String]) {
        self.name = name
        self.hash = hash
        self.scopes = scopes
        self.roles = roles
    }
}

/// The accounts of one kind, found by their exact names.
struct AccountList: Sendable {
    private let accounts: [ExactText: Account]
    /// What is checked for names without an account; one of each account's cost, so that an unknown name takes as long as
    /// one that could as well exist.
    private let decoys: [PasswordHash]

    init(_ accounts: [Account]) {
        self.accounts = Dictionary(accounts.map { (ExactText($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        decoys = accounts.isEmpty ? [.decoy(cost: .usual)] : accounts.map { .decoy(cost: $0.hash.cost) }
    }

    var isEmpty: Bool { accounts.isEmpty }

    /// The account without a look at its password.
    func account(named name: String) -> Account? { accounts[ExactText(name)] }

    /// The account, if the password is right.
    ///
    /// - Returns: nil if there is no such account or the password is wrong, after the same time.
    /// - Throws: `ScryptError` if there is not enough memory.
    func authenticate(_ name: String, password: [UInt8]) throws(ScryptError) -> Account? {
        let account = account(named: name)
        let hash = account?.hash ?? decoys[Self.position(of: name, below: decoys.count)]
        return try hash.matches(password.span) ? account : nil
    }

    /// A number below `count`, the same for a name as long as the process runs.
    private static func position(of name: String, below count: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(ExactText(name))
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(count))
    }
}
