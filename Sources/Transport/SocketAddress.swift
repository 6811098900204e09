internal import CLinux

/// Where a socket listens or connects: an IPv4, IPv6 or Unix-domain address.
package struct SocketAddress: Sendable, Hashable {
    private var storage: [UInt8]

    /// The form of the address, with what is needed to print it.
    package enum Form: Sendable, Hashable {
        case ipv4, ipv6
        case unix(path: String)
    }

    package let form: Form

    /// An address of digits, without a look-up; nil if `host` is a name.
    ///
    /// - Parameters:
    ///   - host: dotted decimal or RFC 4291 text without brackets.
    ///   - port: 0 lets the system choose when the address is listened on.
    package init?(numericHost host: String, port: UInt16) {
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        // SAFETY: the destinations have the sizes that their families ask for and outlive the calls.
        if unsafe inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            self.init(copying: v4, form: .ipv4)
        } else if unsafe inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 {
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            self.init(copying: v6, form: .ipv6)
        } else {
            return nil
        }
    }

    /// The longest path that a Unix-domain address can hold, in bytes.
    package static let maximumPathLength = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// A Unix-domain address; nil if the path is empty or longer than `maximumPathLength`.
    package init?(unixPath path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.maximumPathLength, !bytes.contains(0) else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: `bytes` is shorter than `sun_path`, and the rest of the path stays zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        self.init(copying: address, form: .unix(path: path))
    }

    private init<Address>(copying address: Address, form: Form) {
        // SAFETY: the bytes are copied before the value ends.
        storage = unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
        self.form = form
    }

    /// The address that the kernel wrote into `raw`; nil for families that nobody asked for.
    init?(_ raw: sockaddr_storage) {
        var raw = raw
        let size: Int
        switch Int32(raw.ss_family) {
        case AF_INET: (size, form) = (MemoryLayout<sockaddr_in>.size, .ipv4)
        case AF_INET6: (size, form) = (MemoryLayout<sockaddr_in6>.size, .ipv6)
        case AF_UNIX: (size, form) = (MemoryLayout<sa_family_t>.size, .unix(path: ""))
        default: return nil
        }
        // SAFETY: the bytes are copied before the value ends.
        storage = unsafe withUnsafeBytes(of: &raw) { unsafe Array($0.prefix(size)) }
    }

    /// Binds `descriptor` to the address.
    ///
    /// - Returns: 0, or the code of `errno(3)`.
    func bind(_ descriptor: Int32) -> Int32 {
        // SAFETY: the address is as long as the length says and outlives the call.
        unsafe storage.withUnsafeBytes {
            unsafe CLinux.bind(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
                == 0
                ? 0 : last_error()
        }
    }

    /// Connects `descriptor` to the address, or begins to.
    ///
    /// - Returns: 0, or the code of `errno(3)`.
    func connect(_ descriptor: Int32) -> Int32 {
        // SAFETY: the address is as long as the length says and outlives the call.
        unsafe storage.withUnsafeBytes {
            unsafe CLinux.connect(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) == 0
                ? 0 : last_error()
        }
    }

    /// A non-blocking socket of the address's family; for TCP without delay.
    func makeSocket() throws(SocketError) -> Descriptor {
        let family =
            switch form {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let flags = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let number = socket(family, Int32(flags), 0)
        guard number >= 0 else { throw SocketError(errno: last_error()) }
        let descriptor = Descriptor(owning: number)
        if family != AF_UNIX { setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        return descriptor
    }

    /// The host without brackets or port; empty for Unix-domain addresses.
    package var host: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let size = socklen_t(text.count)
        let offset: Int
        switch form {
        case .ipv4: offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4
        case .ipv6: offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8
        case .unix: return ""
        }
        // SAFETY: `storage` holds the structure of its family, and `text` is as long as the longest address.
        return unsafe storage.withUnsafeBytes { bytes in
            let family = form == .ipv4 ? AF_INET : AF_INET6
            guard let start = bytes.baseAddress, unsafe inet_ntop(family, start + offset, &text, size) != nil else {
                return ""
            }
            return String(zeroTerminated: text)
        }
    }

    /// Whether a connection to this address is one to the socket that listens on `listening`, however both are written.
    ///
    /// The unspecified address leads to this machine; of Unix-domain addresses the file counts, which is looked at.
    package func reaches(_ listening: SocketAddress) -> Bool {
        if case .unix(let path) = form {
            guard case .unix(let other) = listening.form else { return false }
            return path == other || FileIdentity(path).map { $0 == FileIdentity(other) } ?? false
        }
        guard port == listening.port, let own = addressBytes, let other = listening.addressBytes else { return false }
        return own == other || own.allSatisfy { $0 == 0 } || own == Self.mapped([0, 0, 0, 0])
    }

    /// The bytes of the IPv6 address, or of the form to which an IPv4 address is mapped (RFC 4291 §2.5.5.2).
    private var addressBytes: [UInt8]? {
        switch form {
        case .ipv4:
            let start = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4
            return Self.mapped(Array(storage[start..<(start + 4)]))
        case .ipv6:
            let start = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8
            return Array(storage[start..<(start + 16)])
        case .unix: return nil
        }
    }

    private static func mapped(_ v4: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + v4 }

    /// The port; 0 for Unix-domain addresses.
    package var port: UInt16 {
        switch form {
        case .ipv4, .ipv6: UInt16(storage[2]) << 8 | UInt16(storage[3])
        case .unix: 0
        }
    }

    /// The address as the configuration writes it: `host:port`, `[v6]:port` or `unix:/path`.
    package var description: String {
        switch form {
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// Sets an integer option; options that a socket's family lacks are no error.
func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    // SAFETY: the value outlives the call, and its size is given.
    unsafe _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}
