internal import Bytes

extension IPAddress {
    /// The text of RFC 5952 section 4, or dotted decimal.
    package var text: [UInt8] {
        var output: [UInt8] = []
        if isIPv4 {
            for shift in [24, 16, 8, 0] as [UInt32] {
                if shift < 24 { output.append(UInt8(ascii: ".")) }
                output.append(decimal: Int(v4Bits >> shift & 0xFF))
            }
            return output
        }
        let gap = longestZeros
        var index = 0
        while index < 8 {
            if index == gap.lowerBound, !gap.isEmpty {
                output.append("::")
                index = gap.upperBound
                continue
            }
            if index > 0, index != gap.upperBound { output.append(UInt8(ascii: ":")) }
            output.append(hexadecimal: UInt(group(index)))
            index += 1
        }
        return output
    }

    /// The first of the longest runs of two or more groups that are zero.
    private var longestZeros: Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0..<8 {
            guard group(index) == 0 else {
                start = index + 1
                continue
            }
            if index + 1 - start > max(1, longest.count) { longest = start..<index + 1 }
        }
        return longest
    }

    /// Reads an address as forwarding fields hold it: alone, in brackets, and with a port (RFC 7239 section 6).
    ///
    /// - Parameter node: an entry of `X-Forwarded-For`, or the value of `for` without quotes.
    package init?(node: Span<UInt8>) {
        let colon = UInt8(ascii: ":")
        if node.count > 0, node[0] == UInt8(ascii: "[") {
            guard let bracket = node.firstIndex(of: UInt8(ascii: "]")),
                bracket + 1 == node.count
                    || node[bracket + 1] == colon && node.extracting((bracket + 2)...).portNumber != nil
            else { return nil }
            self.init(ipv6: node.extracting(1..<bracket))
        } else if let end = node.firstIndex(of: colon), node.extracting((end + 1)...).portNumber != nil,
            let v4 = Self.ipv4(node.extracting(..<end))
        {
            self.init(v4: v4)
        } else {
            self.init(node)
        }
    }
}

extension Span where Element == UInt8 {
    /// The port that one to five digits stand for; nil if the bytes are anything else.
    var portNumber: UInt16? {
        guard count <= 5, let number = decimalNumber else { return nil }
        return UInt16(exactly: number)
    }
}
