package import Transport

/// How long a connection's other side may take.
package struct DriverSettings: Sendable {
    /// Until its preface and settings are there (RFC 9113 section 3.4).
    package var prefaceTimeout = Nanoseconds.seconds(10)
    /// From the beginning of a head to its end.
    package var headTimeout = Nanoseconds.seconds(30)
    /// Without a stream.
    package var idleTimeout = Nanoseconds.seconds(75)
    /// Without taking any of the output, or of what is left on a stream whose exchange has ended.
    package var stallTimeout = Nanoseconds.seconds(30)
    /// Without sending anything while streams are open, until it is asked whether it is there; nil to never ask.
    package var pingInterval: Nanoseconds?
    /// From one such question to the next, if nothing arrives on a stream in between. Servers of gRPC want 5 minutes, as they
    /// see them.
    package var pingPause = Nanoseconds.seconds(310)
    /// Without sending anything, until it has answered that.
    package var pingTimeout = Nanoseconds.seconds(10)
    /// From the notice of a shutdown to the word which streams were the last, unless a ping is answered before.
    package var shutdownDelay = Nanoseconds.seconds(1)

    package init() {}
}
