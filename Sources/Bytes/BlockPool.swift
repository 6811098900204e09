/// The blocks that one worker's buffers share: taken when bytes arrive, given back when they are consumed.
package final class BlockPool {
    /// The size in bytes of the block that a buffer begins with: enough for most heads.
    package static let smallSize = 4096
    /// The usual size in bytes of the block for what does not fit a small one.
    package static let largeSize = 65536

    private var small: [[UInt8]] = []
    private var large: [[UInt8]] = []
    /// How many unused blocks of each size are kept for the next taker.
    private static let capacity = 64

    package init() {}

    func takeSmall() -> [UInt8] {
        small.popLast() ?? [UInt8](repeating: 0, count: Self.smallSize)
    }

    func takeLarge() -> [UInt8] {
        large.popLast() ?? [UInt8](repeating: 0, count: Self.largeSize)
    }

    func give(_ block: [UInt8]) {
        switch block.count {
        case Self.smallSize where small.count < Self.capacity: small.append(block)
        case Self.largeSize where large.count < Self.capacity: large.append(block)
        default: break
        }
    }
}
