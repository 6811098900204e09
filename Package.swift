// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target compiles with; the reasons are in .github/CONTRIBUTING.md.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    // Debug builds, and so all unit tests, check exclusive access at run time. In release builds the check of every access
    // to a stored property would cost a tenth of the CPU per request.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "gateway",
    products: [.executable(name: "gateway", targets: ["GatewayCLI"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),

        library("Bytes", ["CLinux"]),
        library("StrictJSON", ["Bytes"]),
        library("Transport", ["CLinux", "Bytes"]),
        library("TLS", ["COpenSSL", "Transport", "Bytes"]),
        library("HTTP", ["Bytes"]),
        library("HTTP2", ["CNGHTTP2", "HTTP", "Transport", "Bytes"]),
        library("WebSocket", ["COpenSSL", "Bytes"]),
        library("Routing", ["HTTP", "Bytes"]),
        library("JOSE", ["COpenSSL", "Bytes", "StrictJSON"]),
        library("Revocation", ["Bytes", "StrictJSON"]),
        library("Outbound", ["Transport", "TLS", "HTTP", "Bytes"]),
        library("IdentityProviders", ["Outbound", "Transport", "TLS", "HTTP", "JOSE", "StrictJSON", "Bytes"]),
        library("Authentication", ["Revocation", "JOSE", "Bytes", "StrictJSON"]),
        library("Authorization", ["Authentication"]),
        library("Passwords", ["COpenSSL", "Bytes"]),
        library("TokenEndpoint", ["Authorization", "Passwords", "JOSE", "Bytes", "StrictJSON"]),
        library(
            "Configuration",
            [
                "StrictJSON", "HTTP", "Routing", "JOSE", "Passwords", "TLS", "Outbound", "IdentityProviders",
                "Revocation", "Transport", "Bytes",
            ]),
        library("Upstream", ["Transport", "TLS", "HTTP", "HTTP2", "Bytes"]),
        library("AccessLog", ["Bytes", "CLinux", "Transport"]),
        library("Admin", ["Revocation", "Transport", "HTTP", "StrictJSON", "Bytes"]),
        library(
            "Gateway",
            [
                "Transport", "TLS", "Bytes", "StrictJSON", "HTTP", "HTTP2", "WebSocket", "Routing", "JOSE",
                "Revocation", "Authentication", "Authorization", "TokenEndpoint", "Configuration", "Outbound",
                "IdentityProviders", "Upstream", "AccessLog", "Admin", logging,
            ]),
        library("ExampleUpstream", ["Transport", "HTTP", "Bytes"]),
        .executableTarget(
            name: "GatewayCLI",
            dependencies: [
                "Gateway", "AccessLog", "Authentication", "Authorization", "TokenEndpoint", "Passwords",
                "Configuration", "IdentityProviders", "Outbound", "HTTP", "JOSE", "StrictJSON", "Admin", "Transport",
                "Bytes", "ExampleUpstream", argumentParser, logging,
            ], swiftSettings: settings),

        tests("RoutingTests", ["Routing", "HTTP", "TestSupport"]),
        tests(
            "ConfigurationTests",
            [
                "Configuration", "IdentityProviders", "Outbound", "Revocation", "Routing", "HTTP", "JOSE", "TLS",
                "StrictJSON", "Bytes", "Transport",
            ],
            exclude: ["Broken", "Certificates"]),
        tests("AccessLogTests", ["AccessLog", "Bytes", "CLinux"]),
        tests("AdminTests", ["Admin", "Revocation", "Transport", "HTTP", "Bytes"]),
        tests("RepositoryTests", []),
        tests("HTTPTests", ["HTTP", "Bytes"]),
        .target(
            name: "TestSupport", dependencies: ["JOSE", "Authentication", "Routing", "HTTP"], path: "Tests/TestSupport",
            swiftSettings: settings),
        tests("StrictJSONTests", ["StrictJSON"]),
        tests("JOSETests", ["JOSE", "StrictJSON", "Bytes", "TestSupport"]),
        tests("RevocationTests", ["Revocation", "StrictJSON", "Bytes"]),
        tests("OutboundTests", ["Outbound", "Transport", "TLS", "HTTP", "Bytes", "CLinux"]),
        tests(
            "IdentityProvidersTests",
            ["IdentityProviders", "Outbound", "Transport", "TLS", "HTTP", "JOSE", "StrictJSON", "Bytes", "TestSupport"]),
        tests("AuthenticationTests", ["Authentication", "Revocation", "JOSE", "StrictJSON", "TestSupport"]),
        tests("AuthorizationTests", ["Authorization", "Authentication", "TestSupport"]),
        tests("PasswordsTests", ["Passwords", "Bytes"]),
        tests("TokenEndpointTests", ["TokenEndpoint", "Authorization", "Passwords", "JOSE", "StrictJSON", "Bytes"]),
        tests("TransportTests", ["Transport", "Bytes", "CLinux"]),
        tests("TLSTests", ["TLS", "Transport", "Bytes", "CLinux", "COpenSSL"]),
        tests("HTTP2Tests", ["HTTP2", "HTTP", "Transport", "Bytes"]),
        tests("WebSocketTests", ["WebSocket", "Bytes"]),
        tests("UpstreamTests", ["Upstream", "Transport", "Bytes", "CLinux"]),
        tests(
            "GatewayTests",
            [
                "Gateway", "AccessLog", "Authentication", "Authorization", "Bytes", "Configuration", "HTTP", "JOSE",
                "StrictJSON", "TLS", "TokenEndpoint", "Transport", "Upstream", "Revocation", "Outbound",
                "IdentityProviders", "TestSupport", logging,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

/// Fuzz targets are built on request only, with everything that they test instrumented: see Tests/Fuzz/run.
if Context.environment["GATEWAY_FUZZ"] != nil {
    let sanitizers = ["-sanitize=fuzzer,address"]
    let tested = [
        "HTTP", "HTTP2", "Bytes", "Routing", "StrictJSON", "Configuration", "JOSE", "Authentication", "WebSocket",
        "Revocation",
    ]
    for target in package.targets where tested.contains(target.name) {
        target.swiftSettings?.append(.unsafeFlags(sanitizers))
    }
    package.targets.append(
        .target(
            name: "FuzzDriver", path: "Tests/Fuzz/FuzzDriver",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"] + sanitizers)]))
    let fuzzTargets: [(name: String, dependencies: [Target.Dependency])] = [
        ("FuzzRequestParser", ["HTTP", "Bytes"]), ("FuzzResponseParser", ["HTTP", "Bytes"]),
        ("FuzzBodyDecoder", ["HTTP", "Bytes"]), ("FuzzPathCanonicalizer", ["HTTP", "Bytes"]),
        ("FuzzProxyHeader", ["HTTP", "Bytes"]), ("FuzzHTTP2", ["HTTP2", "HTTP", "Transport", "Bytes"]),
        ("FuzzWebSocket", ["WebSocket", "Bytes"]), ("FuzzToken", ["JOSE", "Authentication", "Bytes"]),
        ("FuzzConfiguration", ["Configuration", "Gateway"]), ("FuzzRouteTable", ["Routing", "HTTP", "TestSupport"]),
        ("FuzzRevocations", ["Revocation", "StrictJSON", "Bytes"]),
    ]
    for (name, dependencies) in fuzzTargets {
        package.targets.append(
            .executableTarget(
                name: name, dependencies: dependencies + ["FuzzDriver"], path: "Tests/Fuzz/\(name)",
                swiftSettings: settings + [.unsafeFlags(["-parse-as-library"] + sanitizers)],
                linkerSettings: [.unsafeFlags(sanitizers)]))
    }
}

/// The benchmark of decisions is built on request only, with what lets it reach the evaluator: see Tests/Benchmarks/run.
if Context.environment["GATEWAY_BENCHMARKS"] != nil {
    for target in package.targets where target.name == "Gateway" {
        target.swiftSettings?.append(.unsafeFlags(["-enable-testing"]))
    }
    package.targets.append(
        .executableTarget(
            name: "DecisionBenchmark", dependencies: ["Gateway", "Authorization", "Configuration", "HTTP", "JOSE"],
            path: "Tests/Benchmarks/DecisionBenchmark", swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
    )
}
