internal import Bytes

/// A range of addresses in CIDR notation (RFC 4632 §3.1), such as `10.0.0.0/8` or `2001:db8::/32`; one address alone is one, too.
package struct AddressRange: Sendable, Hashable {
    private let first: IPAddress
    /// Of the 128 bits of the IPv6 form.
    private let prefixLength: Int

    /// - Parameter text: an address, or an address, a slash and the length of the prefix in bits, after which no bit is set.
    package init?(_ text: Span<UInt8>) {
        let slash = text.firstIndex(of: .slash)
        guard let address = IPAddress(text.extracting(..<(slash ?? text.count))) else { return nil }
        first = address
        guard let slash else {
            prefixLength = 128
            return
        }
        let digits = text.extracting((slash + 1)...)
        guard (1...3).contains(digits.count), let length = digits.decimalNumber, length <= (address.isIPv4 ? 32 : 128)
        else { return nil }
        prefixLength = Int(length) + (address.isIPv4 ? 96 : 0)
        guard address.hasNoBits(after: prefixLength) else { return nil }
    }

    /// Whether `address` is in the range.
    package func contains(_ address: IPAddress) -> Bool {
        address.sharesPrefix(of: prefixLength, with: first)
    }
}
