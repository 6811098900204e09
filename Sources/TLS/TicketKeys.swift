/// The keys of this process for session tickets: they rotate, and all workers share them.
package final class TicketKeys: Sendable {
    package init() {}
}
