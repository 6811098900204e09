internal import CLinux

/// A file descriptor that this value owns: it is closed exactly once, at the latest when the value ends.
package struct Descriptor: ~Copyable, Sendable {
    /// The number by which system calls know it.
    package let number: Int32

    package init(owning number: Int32) {
        self.number = number
    }

    /// Gives up ownership: the caller closes the descriptor.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    deinit {
        close(number)
    }
}
