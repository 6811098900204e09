/// Which gateway this is.
package enum BuildVersion {
    /// The version of the product (semver.org).
    package static let text = "0.1.0"
}
