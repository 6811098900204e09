package import Bytes
package import Transport

/// Carries the bytes of a session over a connection, those of many streams in one write.
package final class SessionDriver {
    /// How long things may take.
    package struct Patience {
        /// The beginning of the connection, and a head.
        package var head: Nanoseconds
        /// Nothing being under way.
        package var idle: Nanoseconds

        package init(head: Nanoseconds, idle: Nanoseconds) {
            self.head = head
            self.idle = idle
        }
    }

    /// Called when something has arrived: streams may have begun.
    package var onArrival: () -> Void = {}

    package init(session: Session, stream: any ByteStream, loop: EventLoop, blocks: BlockPool, patience: Patience) {
    }

    /// Runs until the connection is of no more use; its streams are gone then, and it is to be closed.
    package func run(_ input: inout ByteBuffer) async {}

    /// Ends the connection when its streams have ended.
    package func shutDown() {}
}
