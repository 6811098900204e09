internal import CLinux

/// What the system tells of this process, and allows it.
package enum CurrentProcess {
    /// The number by which the system knows it.
    package static var identifier: Int { Int(getpid()) }

    /// How many cores there are; at least 1.
    package static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Allows as many file descriptors as the system lets this process have.
    package static func raiseDescriptorLimit() {
        raise_descriptor_limit()
    }

    /// Gives memory that is free back to the system.
    package static func trimMemory() {
        malloc_trim(0)
    }

    /// Ends the process, whatever its threads are doing.
    ///
    /// - Parameter status: the exit status.
    /// - Returns: never.
    package static func exit(status: Int32) -> Never {
        CLinux.exit(status)
    }
}
