import StrictJSON
import Testing

@Suite("RFC 8259: JSON texts")
struct RFC8259Tests {
    static func read(_ text: String) throws -> JSONNode { try read(Array(text.utf8)) }

    static func read(_ bytes: [UInt8]) throws -> JSONNode { try JSONReader.read(bytes.span) }

    static func kind(_ bytes: [UInt8]) -> JSONError.Kind? {
        do {
            _ = try JSONReader.read(bytes.span)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("Every kind of value is read, with white space around it")
    func values() throws {
        let node = try Self.read(" { \"a\" : [ null , true , false , -12 , 1.5e3 , \"x\" ] } \r\n\t")
        let elements = try #require(node["a"]?.array)
        #expect(elements.count == 6)
        #expect(elements[1].bool == true && elements[2].bool == false)
        #expect(elements[3].number?.integer == -12)
        #expect(elements[4].number?.integer == nil && elements[4].number?.asDouble == 1500)
        #expect(elements[5].string == "x")
    }

    @Test("Positions are byte offsets of the value and of the name")
    func positions() throws {
        let member = try #require(try Self.read("{\"é\": [1]}").object?.first)
        #expect(member.nameRange == 1..<5)
        #expect(member.node.range == 7..<10)
    }

    @Test(
        "§6: what is not a number is refused",
        arguments: ["01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "-01", "NaN", "Infinity", "1 2"])
    func malformedNumbers(text: String) {
        #expect(Self.kind(Array(text.utf8)) != nil)
    }

    @Test("§6: integers are exact or not integers")
    func integers() throws {
        #expect(try Self.read("9223372036854775807").number?.integer == Int.max)
        #expect(try Self.read("-9223372036854775808").number?.integer == Int.min)
        #expect(try Self.read("9223372036854775808").number?.integer == nil)
        #expect(try Self.read("1e999").number?.asDouble == .infinity)
    }

    @Test("§7: escapes are resolved, surrogate pairs too")
    func escapes() throws {
        let text = #""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00\u0000""#
        #expect(try Self.read(text).string == "\"\\/\u{8}\u{C}\n\r\t\u{E9}\u{1F600}\0")
    }

    @Test("§7: what is not a string is refused")
    func malformedStrings() {
        #expect(Self.kind(Array("\"\\x\"".utf8)) == .malformedEscape)
        #expect(Self.kind(Array("\"\\u12g4\"".utf8)) == .malformedEscape)
        #expect(Self.kind(Array("\"\\ud800\"".utf8)) == .loneSurrogate)
        #expect(Self.kind(Array("\"\\ud800\\u0041\"".utf8)) == .loneSurrogate)
        #expect(Self.kind(Array("\"\\udc00\"".utf8)) == .loneSurrogate)
        #expect(Self.kind(Array("\"\n\"".utf8)) == .controlCharacter)
        #expect(Self.kind(Array("\"abc".utf8)) == .unexpectedEnd)
    }

    @Test("§8.1: only UTF-8 without a byte order mark is read")
    func encoding() {
        #expect(Self.kind([0xEF, 0xBB, 0xBF, 0x31]) == .byteOrderMark)
        #expect(Self.kind([0x22, 0xC0, 0x80, 0x22]) == .invalidUTF8)
        #expect(Self.kind([0x22, 0xED, 0xA0, 0x80, 0x22]) == .invalidUTF8)
        #expect(Self.kind([0x22, 0x5C, 0x6E, 0xFF, 0x22]) == .invalidUTF8)
    }

    @Test("Nothing may follow the value, and there must be one")
    func oneValue() {
        #expect(Self.kind(Array("{} {}".utf8)) == .trailingCharacters)
        #expect(Self.kind([]) == .unexpectedEnd)
        #expect(Self.kind(Array("[1,]".utf8)) != nil)
        #expect(Self.kind(Array("{\"a\":1,}".utf8)) != nil)
    }

    @Test("A text cut anywhere is refused")
    func everyPrefix() {
        let text = Array("{\"a\":[true,null,{\"b\":\"c\\u00e9\"}],\"d\":-1.5e3}".utf8)
        for count in 0..<text.count { #expect(Self.kind(Array(text.prefix(count))) != nil) }
    }

    @Test("Depth and size are limited")
    func limits() {
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(Self.kind(deep) == .tooDeep)
        let nested = Array("[[1]]".utf8)
        #expect(throws: JSONError(.tooDeep, at: 1)) { try JSONReader.read(nested.span, limits: JSONLimits(depth: 1)) }
        #expect(throws: JSONError(.tooLarge, at: 4)) { try JSONReader.read(nested.span, limits: JSONLimits(size: 4)) }
    }
}

@Suite("RFC 8259 §4: names of an object")
struct RFC8259NameTests {
    @Test("A duplicate name is refused, however it is written and however many there are")
    func duplicates() {
        #expect(RFC8259Tests.kind(Array("{\"a\":1,\"\\u0061\":2}".utf8)) == .duplicateName("a"))
        let many = (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(RFC8259Tests.kind(Array("{\(many)}".utf8)) == nil)
        for name in ["k0", "k15", "k16", "k17", "k39"] {
            #expect(RFC8259Tests.kind(Array("{\(many),\"\(name)\":1}".utf8)) == .duplicateName(name))
        }
    }

    @Test("All duplicates are collected where that is asked for, and the first value is kept")
    func collected() throws {
        let text = Array("{\"a\":1,\"a\":2,\"b\":{\"c\":1,\"c\":2}}".utf8)
        var duplicates: [JSONDuplicate] = []
        let node = try JSONReader.read(text.span, collectingDuplicatesIn: &duplicates)
        #expect(duplicates.map(\.name) == ["a", "c"])
        #expect(duplicates.first?.nameRange == 7..<10 && duplicates.first?.firstRange == 1..<4)
        #expect(node["a"]?.number?.integer == 1)
    }

    @Test("Names are compared byte by byte, without normalization")
    func exact() throws {
        // U+212A, the Kelvin sign, is canonically equivalent to K.
        let node = try RFC8259Tests.read("{\"\u{212A}\":1,\"K\":2}")
        #expect(node["K"]?.number?.integer == 2)
    }

    @Test("Names that differ in any byte, or in their length only, are different names")
    func similar() throws {
        let long = String(repeating: "a", count: 7 + 256)
        let names = ["", "a", "\u{0}", "\u{0}a", "aaaaaaa", "aaaaaaaa", "aaaaaaab", "baaaaaaa", long, long + "b"]
        let members = names.enumerated().map { index, name in
            "\"\(name.replacing("\u{0}", with: "\\u0000"))\":\(index)"
        }
        let node = try RFC8259Tests.read("{\(members.joined(separator: ","))}")
        for (index, name) in names.enumerated() { #expect(node[name]?.number?.integer == index) }
        #expect(node["aaaaaaac"] == nil && node[long + "c"] == nil)
        for member in members {
            let kind = RFC8259Tests.kind(Array("{\((members + [member]).joined(separator: ","))}".utf8))
            #expect(kind == .duplicateName(names[members.firstIndex(of: member) ?? 0]))
        }
    }
}
