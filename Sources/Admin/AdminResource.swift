import HTTP

/// What there is to ask for; the raw value is the path.
enum AdminResource: String, CaseIterable {
    case index = "/"
    case liveness = "/livez"
    case readiness = "/readyz"
    case configuration = "/config"
    case routes = "/routes"
    case logLevel = "/log_level"
    case keys = "/keys"
    case revocations = "/revocations"

    /// The methods that it takes.
    var methods: [Method] {
        switch self {
        case .index, .liveness, .readiness, .configuration, .routes, .keys: [.get, .head]
        case .logLevel: [.get, .head, .post]
        case .revocations: [.get, .head, .post, .delete]
        }
    }

    /// The largest body in bytes.
    var maximumBody: Int {
        switch self {
        case .revocations: 1 << 20
        default: 64 << 10
        }
    }

    /// What it is for, without characters that JSON escapes.
    var summary: String {
        switch self {
        case .index: "What there is"
        case .liveness: "Whether the process runs"
        case .readiness: "Whether requests should be sent here; with ?verbose, every check"
        case .configuration: "The effective configuration without its secrets"
        case .routes: "The routes and who may call them"
        case .logLevel: "The level of the application log, to read and to change"
        case .keys: "The keys of issuers and how old they are"
        case .revocations: "What is revoked, to read, to add to and to take back"
        }
    }
}
