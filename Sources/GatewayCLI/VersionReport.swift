import Gateway
import JOSE

/// What `gateway --version` prints: one line for each part whose version matters to a bug report.
enum VersionReport {
    static var text: String {
        """
        gateway \(BuildVersion.text)
        build: \(build)
        Swift: \(_SwiftStdlibVersion.current)
        OpenSSL: \(OpenSSLVersion.loaded) (compiled with \(OpenSSLVersion.compiled))
        """
    }

    private static var build: String {
        #if DEBUG
            "debug"
        #else
            "release"
        #endif
    }
}
