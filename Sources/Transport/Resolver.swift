internal import CLinux

/// Names to addresses, through the system's resolver.
package enum Resolver {
    /// The addresses of `host`, in the system's order of preference; this call blocks: make it through `BlockingCalls`.
    ///
    /// - Throws: why there is none, in the resolver's words.
    package static func addresses(of host: String, port: UInt16) throws(ResolverError) -> [SocketAddress] {
        // SAFETY: the pointers in the hints stay null, as the call wants them.
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        // SAFETY: all arguments outlive the call; the list is freed below.
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, nil, &hints, &list)
        guard result == 0 else {
            // SAFETY: the text is static.
            throw unsafe ResolverError(description: String(cString: gai_strerror(result)))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = unsafe list
        while let current = unsafe entry {
            // SAFETY: the entry belongs to the list, which is freed only after the loop.
            if let address = unsafe numericHost(current.pointee).flatMap({ SocketAddress(numericHost: $0, port: port) }
            ),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            unsafe entry = current.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw ResolverError(description: "the name has no address") }
        return addresses
    }

    private static func numericHost(_ entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        // SAFETY: the entry's address is as long as it says, and `text` is as long as the size given.
        let result = unsafe getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        return result == 0 ? String(zeroTerminated: text) : nil
    }
}

/// Why a name has no address.
package struct ResolverError: Error, Equatable {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}
