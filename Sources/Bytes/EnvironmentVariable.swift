internal import CLinux

/// The value of the environment variable `name`, or nil.
///
/// - Parameter name: the variable; nothing in this program changes the environment.
/// - Returns: its value.
package func environmentVariable(_ name: String) -> String? {
    // SAFETY: the result is terminated and lives while the environment is not changed; it is copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
