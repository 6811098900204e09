import Bytes
import Outbound

/// Through which proxy an identity provider is reached, as it is written.
enum ProxyChoice {
    /// What the environment says.
    case environment
    case none
    case proxy(ServiceURL)

    /// - Parameter text: `environment`, `none` or the URL of a proxy.
    /// - Throws: `ValueProblem`.
    init(checking text: String) throws(ValueProblem) {
        switch text {
        case "environment": self = .environment
        case "none": self = .none
        default: self = .proxy(try Self.proxy(text))
        }
    }

    /// The proxies to go through.
    ///
    /// - Parameter variable: the value of an environment variable, or nil.
    /// - Returns: the settings of the gateway's own client.
    /// - Throws: `ValueProblem`: which variable cannot be used, and why.
    func settings(environment variable: (String) -> String?) throws(ValueProblem) -> ProxySettings {
        var settings = ProxySettings()
        switch self {
        case .none: break
        case .proxy(let url): (settings.secure, settings.cleartext) = (url, url)
        case .environment:
            settings.secure = try Self.proxy(named: ["https_proxy", "HTTPS_PROXY"], variable)
            // Servers of CGI take a client's field `Proxy` for a variable in upper case (CVE-2016-5385).
            settings.cleartext = try Self.proxy(named: ["http_proxy"], variable)
            let exceptions = Self.value(of: ["no_proxy", "NO_PROXY"], variable)?.value ?? ""
            settings.exceptions = exceptions.split { $0 == "," || $0 == " " }.map(String.init)
        }
        return settings
    }

    /// The first variable that is there and not empty.
    private static func value(
        of names: [String], _ variable: (String) -> String?
    ) -> (name: String, value: String)? {
        for name in names {
            if let value = variable(name), !value.isEmpty { return (name, value) }
        }
        return nil
    }

    private static func proxy(
        named names: [String], _ variable: (String) -> String?
    ) throws(ValueProblem) -> ServiceURL? {
        guard let (name, value) = value(of: names, variable) else { return nil }
        do throws(ValueProblem) {
            return try proxy(value.contains("://") ? value : "http://" + value)
        } catch {
            throw ValueProblem(message: "the environment variable \"\(name)\" is not usable: \(error.message)")
        }
    }

    private static func proxy(_ text: String) throws(ValueProblem) -> ServiceURL {
        let url = try ServiceURL(checking: text)
        guard !url.isSecure, url.target == "/" else {
            throw ValueProblem(message: "a proxy is \"environment\", \"none\" or \"http://host:port\"")
        }
        return url
    }
}
