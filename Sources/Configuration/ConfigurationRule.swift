/// What kind of fault a finding is about; the raw value is the rule's id in reports.
package enum ConfigurationRule: String, CaseIterable, Sendable {
    // Errors: nothing starts.
    case unreadable
    case syntax
    case duplicateKey = "duplicate_key"
    case unknownKey = "unknown_key"
    case missingKey = "missing_key"
    case wrongType = "wrong_type"
    case invalidValue = "invalid_value"
    case environment
    case notSupported = "not_supported"
    case unknownName = "unknown_name"
    case usedTwice = "used_twice"
    case contradiction
    case unclearAccess = "unclear_access"
    case routeConflict = "route_conflict"
    case roleCircle = "role_circle"
    case exposedAdmin = "exposed_admin"

    // Warnings: what works, but is probably not meant.
    case shadowRoute = "shadow_route"
    case anyAudience = "any_audience"
    case weakerTwin = "weaker_twin"
    case unusedScope = "unused_scope"
    case unusedRole = "unused_role"
    case mistypedMethod = "mistyped_method"
    case inlineSecret = "inline_secret"
    case cleartextTokens = "cleartext_tokens"
    case lastingKey = "lasting_key"
    case expiredKey = "expired_key"
    case cleartextProvider = "cleartext_provider"
    case cleartextPasswords = "cleartext_passwords"
    case passwordGrant = "password_grant"
    case unverifiedUpstream = "unverified_upstream"
    case schemeMismatch = "scheme_mismatch"
    case certificateDates = "certificate_dates"
    case withoutEffect = "without_effect"

    /// How grave a finding is.
    package enum Severity: String, Sendable {
        /// Nothing starts.
        case error
        /// It works, but is probably not meant.
        case warning
    }

    /// How grave findings of this rule are.
    package var severity: Severity {
        switch self {
        case .unreadable, .syntax, .duplicateKey, .unknownKey, .missingKey, .wrongType, .invalidValue, .environment,
            .notSupported, .unknownName, .usedTwice, .contradiction, .unclearAccess, .routeConflict, .roleCircle,
            .exposedAdmin:
            .error
        case .shadowRoute, .anyAudience, .weakerTwin, .unusedScope, .unusedRole, .mistypedMethod, .inlineSecret,
            .cleartextTokens, .cleartextProvider, .cleartextPasswords, .passwordGrant, .lastingKey, .expiredKey,
            .unverifiedUpstream, .schemeMismatch, .certificateDates, .withoutEffect:
            .warning
        }
    }

    /// The rule in one sentence.
    package var summary: String {
        switch self {
        case .unreadable: "A file can be read."
        case .syntax: "The file is JSON (RFC 8259)."
        case .duplicateKey: "An object has a key once."
        case .unknownKey: "Every key means something."
        case .missingKey: "Keys that are required are there."
        case .wrongType: "A value has the type that its key asks for."
        case .invalidValue: "A value has the form that its key asks for."
        case .environment: "Environment variables that are named are set."
        case .notSupported: "Features that are asked for exist."
        case .unknownName: "Scopes, roles, issuers and upstreams that are named exist."
        case .usedTwice: "What must be unique is there once."
        case .contradiction: "Keys that stand together can hold together."
        case .unclearAccess: "Every route says who may use it."
        case .routeConflict: "No request could be meant for two routes."
        case .roleCircle: "No role includes itself."
        case .exposedAdmin: "The socket for operators is reached from this machine only."
        case .shadowRoute: "A shadow route only logs denials and lets everything through."
        case .anyAudience: "An issuer's tokens are good for this gateway only."
        case .weakerTwin: "A route with a host has no weaker twin for all hosts."
        case .unusedScope: "A scope in the catalogue is required by a route or granted by a role."
        case .unusedRole: "A role grants something, or a route asks for it."
        case .mistypedMethod: "A method does not look like a mistyped one."
        case .inlineSecret: "Secrets stand in files or in the environment."
        case .lastingKey: "An API key ceases to be good some day."
        case .expiredKey: "An API key that is listed is good."
        case .cleartextTokens: "Tokens do not cross a network in the clear (RFC 6750 §5.2)."
        case .cleartextProvider: "Identity providers are not asked in the clear."
        case .cleartextPasswords: "Passwords do not cross a network in the clear (RFC 6749 §3.2)."
        case .unverifiedUpstream: "The servers of an upstream prove who they are."
        case .schemeMismatch: "Clients use the scheme that a listener speaks."
        case .certificateDates: "A certificate is good, and stays so for another 14 days."
        case .withoutEffect: "What is written has an effect."
        case .passwordGrant: "Clients do not see the passwords of users (RFC 9700 §2.4)."
        }
    }
}
