internal import CLinux

/// What a socket call failed with.
package enum SocketError: Error, Equatable {
    /// The other side reset the connection, or is gone.
    case reset
    /// Nobody listens at the address, or a firewall says so.
    case refused
    /// The address or network cannot be reached.
    case unreachable
    /// The process or the system has no descriptor left.
    case outOfDescriptors
    /// The address is taken by another socket.
    case addressInUse
    /// The process may not use the address.
    case notPermitted
    /// Any other code of `errno(3)`.
    case system(Int32)

    init(errno code: Int32) {
        switch code {
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN, ESHUTDOWN: self = .reset
        case ECONNREFUSED, ENOENT: self = .refused
        case ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EADDRNOTAVAIL: self = .unreachable
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: self = .outOfDescriptors
        case EADDRINUSE: self = .addressInUse
        case EACCES, EPERM: self = .notPermitted
        default: self = .system(code)
        }
    }

    /// The failure in words for an operator.
    package var description: String {
        switch self {
        case .reset: "connection reset"
        case .refused: "connection refused"
        case .unreachable: "address unreachable"
        case .outOfDescriptors: "no file descriptors left"
        case .addressInUse: "address already in use"
        case .notPermitted: "permission denied"
        case .system(let code): systemMessage(code)
        }
    }
}

/// What `strerror_r(3)` says of `code`.
package func systemMessage(_ code: Int32) -> String {
    // SAFETY: the text that the call returns is static or the thread's own, and is copied at once.
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}

extension String {
    /// The characters before the first zero byte of what a C function wrote.
    init(zeroTerminated characters: [CChar]) {
        self.init(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
