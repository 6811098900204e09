package import Bytes
package import Transport

/// One connection to an upstream server, used for one exchange at a time.
package final class UpstreamConnection {
    /// The connection itself.
    package let stream: any ByteStream
    /// What the upstream sent and nobody consumed yet.
    package var input = ByteBuffer()
    /// Where it leads, as the log writes it.
    package let address: String
    /// Whether an earlier exchange ended well on it: then the upstream may have closed it without our knowing.
    package internal(set) var isReused = false
    var idleSince = Instant.never

    /// The pool's look-up after which the address was known to be the upstream's.
    var lookUp: Int

    init(stream: any ByteStream, address: String, lookUp: Int) {
        self.stream = stream
        self.address = address
        self.lookUp = lookUp
    }
}
