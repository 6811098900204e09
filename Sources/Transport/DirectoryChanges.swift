internal import CLinux

/// Notices that files may have changed, by watching the directories that they are in (inotify(7)).
///
/// Directories instead of files: editors and Kubernetes put another file, or another link, in the place of the old one.
/// What a file holds now must be looked at; and since not every file system tells of changes, now and then without one.
package final class DirectoryChanges {
    let descriptor: Descriptor
    private var watches: [String: Int32] = [:]

    /// - Throws: `SocketError` if the user may not watch any more.
    package init() throws(SocketError) {
        let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard number >= 0 else { throw SocketError(errno: last_error()) }
        descriptor = Descriptor(owning: number)
    }

    /// Watches `directories` and no others from now on; one that cannot be watched, because it is not there for instance, is
    /// tried again with the next call.
    package func watch(_ directories: Set<String>) {
        for (directory, watch) in watches where !directories.contains(directory) {
            inotify_rm_watch(descriptor.number, watch)
            watches[directory] = nil
        }
        for directory in directories {
            // For a directory that is watched already, this is the same watch, unless another directory has its name now.
            // SAFETY: the string is alive during the call, which does not keep its pointer.
            let watch = unsafe inotify_add_watch(descriptor.number, directory, DIRECTORY_EVENTS)
            watches[directory] = watch >= 0 ? watch : nil
        }
    }

    /// Forgets the changes so far.
    func takeAll() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        // SAFETY: the call writes at most as many bytes as the array holds.
        while unsafe read(descriptor.number, &buffer, buffer.count) > 0 {}
    }
}
