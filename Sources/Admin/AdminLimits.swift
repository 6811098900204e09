package import Transport

/// What a client of the admin listener may take.
package struct AdminLimits: Sendable {
    /// How long a head, and then a body, may take to arrive.
    package var receiving: Nanoseconds
    /// How long a connection may wait between requests.
    package var idle: Nanoseconds
    /// How long a client may take no byte of an answer.
    package var sending = Nanoseconds.seconds(10)
    /// How many connections are served at once.
    package var connections = 64

    /// - Parameters:
    ///   - receiving: how long a head, and then a body, may take to arrive.
    ///   - idle: how long a connection may wait between requests.
    package init(receiving: Nanoseconds, idle: Nanoseconds) {
        self.receiving = receiving
        self.idle = idle
    }
}
