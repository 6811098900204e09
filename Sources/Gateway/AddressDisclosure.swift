import Bytes
import Configuration
import JOSE

/// How the access log shows addresses.
///
/// There are so few IPv4 addresses that a bare hash hides none. So a random key is hashed, too, which this process made and
/// shows to nobody: equal addresses have equal hashes until it ends, and no longer.
struct AddressDisclosure {
    private let disclosure: AccessLogConfiguration.Disclosure

    private static let key: [UInt8] = {
        var numbers = RandomNumbers()
        return numbers.bytes(count: 32)
    }()

    init(_ disclosure: AccessLogConfiguration.Disclosure) {
        self.disclosure = disclosure
    }

    /// What is written for an address; nothing where it is not to be written.
    func shown(_ address: [UInt8]) -> [UInt8] {
        switch disclosure {
        case .plain: address
        case .omit: []
        case .hash:
            address.isEmpty ? [] : Array(SHA256.hash((Self.key + address).span).hexadecimal(digits: 16).utf8)
        }
    }
}
