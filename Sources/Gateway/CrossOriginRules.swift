import Bytes
import Configuration
import HTTP

/// Which pages of other origins may use a route, as browsers ask for it (Fetch §3.2).
struct CrossOriginRules {
    private let allowsAny: Bool
    private let origins: Set<[UInt8]>
    private let allowsCredentials: Bool
    /// The methods of the route; nil for every method.
    private let methods: [UInt8]?
    /// Lines for every response that a page may read.
    private let exposed: [UInt8]
    /// Lines for the answer to a preflight.
    private let permitted: [UInt8]

    /// - Parameters:
    ///   - configuration: what is configured for the route.
    ///   - methods: the names of its methods; nil for every method.
    init(_ configuration: CrossOriginConfiguration, methods: [String]?) {
        allowsAny = configuration.origins == ["*"]
        origins = Set(configuration.origins.map { Array($0.utf8) })
        allowsCredentials = configuration.allowsCredentials
        self.methods = methods.map { Array($0.joined(separator: ", ").utf8) }
        var exposed: [UInt8] = []
        Self.append("Access-Control-Expose-Headers: ", configuration.exposed, to: &exposed)
        self.exposed = exposed
        var permitted: [UInt8] = []
        Self.append("Access-Control-Allow-Headers: ", configuration.headers, to: &permitted)
        if let age = configuration.maximumAge {
            permitted.append("Access-Control-Max-Age: ")
            permitted.append(decimal: Int(age.components.seconds))
            permitted.append("\r\n")
        }
        self.permitted = permitted
    }

    private static func append(_ name: StaticString, _ names: [String], to output: inout [UInt8]) {
        if names.isEmpty { return }
        output.append(name)
        output += names.joined(separator: ", ").utf8
        output.append("\r\n")
    }

    /// Pages of any origin may read it, but change nothing.
    static let everyPage = CrossOriginRules(.everyPage, methods: ["GET", "HEAD"])

    /// The method that a preflight asks about (Fetch §3.2.2); nil for any other request.
    static func methodAskedAbout(in request: borrowing Request) -> Method? {
        guard request.method == .options, request.fields.count(of: .origin) == 1,
            request.fields.count(of: .accessControlRequestMethod) == 1,
            let value = request.fields.value(of: .accessControlRequestMethod), let method = Method(value),
            method != .connect, method != .trace
        else { return nil }
        return method
    }

    /// Whether pages of an origin may make browsers send their cookies. `null` is nobody's own: any page can be in a frame that
    /// has that origin (RFC 6454 section 4).
    func allowsCookies(from origin: Span<UInt8>) -> Bool {
        allowsCredentials && !origin.equals("null") && origins.contains(origin.array)
    }

    /// Appends the lines of a response.
    ///
    /// - Parameters:
    ///   - fields: those of the request.
    ///   - output: what to append to.
    func appendResponseLines(for fields: borrowing Fields, to output: inout [UInt8]) {
        if appendOrigin(of: fields, to: &output) { output += exposed }
    }

    /// Appends the lines of the answer to a preflight; none that permits anything if the origin is not listed.
    ///
    /// - Parameters:
    ///   - method: the method that it asks about, which the route has.
    ///   - fields: those of the request.
    ///   - output: what to append to.
    func appendPreflightLines(about method: Method, for fields: borrowing Fields, to output: inout [UInt8]) {
        guard appendOrigin(of: fields, to: &output) else { return }
        output.append("Access-Control-Allow-Methods: ")
        output += methods ?? Array(method.name.utf8)
        output.append("\r\n")
        output += permitted
    }

    /// - Returns: whether a page of the request's origin may use the route.
    private func appendOrigin(of fields: borrowing Fields, to output: inout [UInt8]) -> Bool {
        if allowsAny {
            output.append("Access-Control-Allow-Origin: *\r\n")
            return true
        }
        // What is answered depends on the origin, also where none was sent.
        output.append("Vary: Origin\r\n")
        guard fields.count(of: .origin) == 1, let origin = fields.value(of: .origin)?.array, origins.contains(origin)
        else { return false }
        output.append("Access-Control-Allow-Origin: ")
        output += origin
        output.append("\r\n")
        if allowsCredentials { output.append("Access-Control-Allow-Credentials: true\r\n") }
        return true
    }
}
