import HTTP
import Testing

@Suite("RFC 6177: what belongs to one holder")
struct AddressHolderTests {
    private func holder(_ text: String) -> [UInt8]? { IPAddress(text.utf8.span)?.holder }

    @Test("An IPv4 address counts by itself, however it is written; of an IPv6 address the network does")
    func holders() {
        #expect(holder("192.0.2.1") == [192, 0, 2, 1])
        #expect(holder("::ffff:192.0.2.1") == [192, 0, 2, 1])
        #expect(holder("2001:db8:1:2::3") == [0x20, 1, 0x0D, 0xB8, 0, 1, 0, 2])
        #expect(holder("2001:db8:1:2:ffff::") == holder("2001:db8:1:2::3"))
        #expect(holder("2001:db8:1:3::3") != holder("2001:db8:1:2::3"))
    }
}
