/// Why there is no session.
package enum HTTP2Error: Error, Equatable {
    /// There is no memory for it.
    case noResources
}
