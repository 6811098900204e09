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
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
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

        library("Bytes"),
        library("StrictJSON"),
        library("Transport", ["CLinux", "Bytes"]),
        library("HTTP", ["Bytes"]),
        library("Routing", ["HTTP"]),
        library("JOSE", ["COpenSSL", "Bytes", "StrictJSON"]),
        library("Authentication", ["JOSE", "Bytes", "StrictJSON"]),
        library("Authorization", ["Authentication"]),
        library("Configuration", ["StrictJSON", "HTTP", "Routing", "JOSE"]),
        library("Upstream", ["Transport", "HTTP", "Bytes"]),
        library("AccessLog", ["Bytes", "CLinux"]),
        library(
            "Gateway",
            [
                "Transport", "Bytes", "HTTP", "Routing", "JOSE", "Authentication", "Authorization", "Configuration",
                "Upstream", "AccessLog", logging,
            ]),
        .executableTarget(
            name: "GatewayCLI", dependencies: ["Gateway", "Configuration", "JOSE", argumentParser, logging],
            swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["JOSE", "Authentication"], path: "Tests/TestSupport",
            swiftSettings: settings),
        tests("StrictJSONTests", ["StrictJSON"]),
        tests("JOSETests", ["JOSE", "StrictJSON", "TestSupport"]),
        tests("AuthenticationTests", ["Authentication", "JOSE", "TestSupport"]),
        tests("AuthorizationTests", ["Authorization", "Authentication", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
