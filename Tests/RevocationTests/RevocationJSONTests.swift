import Bytes
import StrictJSON
import Testing

@testable import Revocation

@Suite("configuration.md: entries of revocations as JSON")
struct RevocationJSONTests {
    private func read(
        _ text: String, _ untimedSubject: RevocationEntry.UntimedSubject = .refused
    ) throws -> RevocationEntry {
        let node = try JSONReader.read(Array(text.utf8).span)
        return try RevocationEntry(node: node, untimedSubject: untimedSubject)
    }

    private func fault(_ text: String) throws -> RevocationFault {
        try #require(throws: RevocationFault.self) { try read(text) }
    }

    private func listFault(_ text: String) throws -> RevocationFault {
        let node = try JSONReader.read(Array(text.utf8).span)
        return try #require(throws: RevocationFault.self) {
            try RevocationEntry.list(node, untimedSubject: .refused)
        }
    }

    @Test(
        "exactly one of jti, sid, sub and client_id, and what narrows it",
        arguments: [
            (#"{"jti":"a"}"#, RevocationEntry(.token("a"))), (#"{"sid":"a"}"#, RevocationEntry(.session("a"))),
            (#"{"client_id":"a"}"#, RevocationEntry(.client("a"))),
            (#"{"sub":"a","issued_before":5}"#, RevocationEntry(.subject("a"), issuedBefore: 5)),
            (
                #"{"jti":"a","issuer":"https://i","issued_before":0,"expires_at":253402300799,"comment":"x"}"#,
                RevocationEntry(.token("a"), issuer: "https://i", issuedBefore: 0, end: 253_402_300_799)
            ),
            (
                #"{"sid":"\u00e9","issued_before":"1970-01-01T00:01:00Z","expires_at":"1970-01-01T02:00:00+01:00"}"#,
                RevocationEntry(.session("\u{e9}"), issuedBefore: 60, end: 3600)
            ),
        ])
    func entries(text: String, entry: RevocationEntry) throws {
        #expect(try read(text) == entry)
    }

    @Test("sub without issued_before means what the place of the entry says")
    func untimedSubject() throws {
        let text = #"{"sub":"a"}"#
        #expect(try fault(text).message.contains("issued_before"))
        #expect(try read(text, .before(7)) == RevocationEntry(.subject("a"), issuedBefore: 7))
        #expect(try read(text, .always) == RevocationEntry(.subject("a")))
        #expect(try read(#"{"sub":"a","issued_before":3}"#, .before(7)).issuedBefore == 3)
        #expect(try read(#"{"jti":"a"}"#, .before(7)).issuedBefore == nil)
    }

    @Test(
        "a value that is wrong is named",
        arguments: [
            (#"{"jti":1}"#, "jti"), (#"{"jti":null}"#, "jti"), (#"{"jti":""}"#, "jti"), (#"{"sid":["a"]}"#, "sid"),
            (#"{"client_id":{}}"#, "client_id"), (#"{"jti":"a","sub":"b"}"#, "sub"),
            (#"{"client_id":"a","sid":"b"}"#, "client_id"), (#"{"jti":"a","issuer":""}"#, "issuer"),
            (#"{"jti":"a","issuer":null}"#, "issuer"), (#"{"jti":"a","comment":1}"#, "comment"),
            (#"{"jti":"a","issued_before":-1}"#, "issued_before"),
            (#"{"jti":"a","issued_before":1.5}"#, "issued_before"),
            (#"{"jti":"a","issued_before":"5"}"#, "issued_before"),
            (#"{"jti":"a","issued_before":null}"#, "issued_before"),
            (#"{"jti":"a","expires_at":1795896000000}"#, "expires_at"),
            (#"{"jti":"a","expires_at":1e9}"#, "expires_at"), (#"{"jti":"a","expires_at":true}"#, "expires_at"),
            (#"{"jti":"a","expires_at":"tomorrow"}"#, "expires_at"),
        ])
    func wrongMember(text: String, member: String) throws {
        let fault = try fault(text)
        #expect(fault.member == member)
        let value = Array(text.utf8)[fault.range]
        #expect(
            String(decoding: Array(text.utf8)[..<fault.range.lowerBound], as: UTF8.self).hasSuffix("\"\(member)\":"))
        #expect(!value.isEmpty)
    }

    @Test("strings have at most 1024 bytes")
    func lengths() throws {
        let longest = String(repeating: "a", count: 1024)
        #expect(try read("{\"jti\":\"\(longest)\"}") == RevocationEntry(.token(longest)))
        #expect(try fault("{\"jti\":\"\(longest)a\"}").member == "jti")
        #expect(try fault("{\"jti\":\"a\",\"issuer\":\"\(longest)a\"}").member == "issuer")
    }

    @Test("what is no entry is refused as a whole", arguments: ["[]", "\"a\"", "null", "{}", #"{"issuer":"a"}"#])
    func noEntry(text: String) throws {
        let fault = try fault(text)
        #expect(fault.member == nil)
        #expect(fault.range == 0..<text.utf8.count)
    }

    @Test("an unknown key is refused where it stands, and not repeated", arguments: ["JTI", "until", "source"])
    func unknownKey(name: String) throws {
        let fault = try fault("{\"jti\":\"a\",\"\(name)\":1}")
        #expect(fault.range == 11..<13 + name.utf8.count)
        #expect(!"\(fault)".contains(name))
    }

    @Test("a list names the entry that is wrong, counted from 0")
    func lists() throws {
        let text = #"{"revocations":[{"jti":"a"},{"sub":"b","issued_before":1}]}"#
        let node = try JSONReader.read(Array(text.utf8).span)
        let entries = [RevocationEntry(.token("a")), RevocationEntry(.subject("b"), issuedBefore: 1)]
        #expect(try RevocationEntry.list(node, untimedSubject: .refused) == entries)
        let fault = try listFault(#"{"revocations":[{"jti":"a"},{"jti":5}]}"#)
        #expect(fault.index == 1)
        #expect(fault.description == "entry 1, \"jti\" must be a string")
        #expect(fault.range == 35..<36)
    }

    @Test(
        "what is no list is refused",
        arguments: ["[]", "{}", #"{"jti":"a"}"#, #"{"revocations":{}}"#, #"{"revocations":[],"x":1}"#, "1"])
    func noList(text: String) throws {
        #expect(try listFault(text).index == nil)
    }

    @Test("a list has at most as many entries as may be in force")
    func longLists() throws {
        let entry = JSONNode(value: .members([("jti", .string("a"))]), range: 0..<0)
        func list(_ count: Int) -> JSONNode {
            let list = JSONNode(value: .array(Array(repeating: entry, count: count)), range: 0..<0)
            let member = JSONMember(name: "revocations", nameRange: 0..<0, node: list)
            return JSONNode(value: .object([member]), range: 0..<0)
        }
        let count = Denylist.maximumCount
        #expect(try RevocationEntry.list(list(count), untimedSubject: .refused).count == count)
        #expect(throws: RevocationFault.self) { try RevocationEntry.list(list(count + 1), untimedSubject: .refused) }
    }

    @Test(
        "what is written is read as the same",
        arguments: [
            RevocationEntry(.token("a\"\\\u{0}\u{2028}\u{1F600}")), RevocationEntry(.session("s"), end: 9),
            RevocationEntry(.subject("\u{e9}"), issuer: "e\u{301}", issuedBefore: 0, end: 1),
            RevocationEntry(.client("c")),
        ])
    func writing(entry: RevocationEntry) throws {
        let text = JSONValue.members(entry.members).line
        let node = try JSONReader.read(text.span)
        #expect(try RevocationEntry(node: node, untimedSubject: .refused) == entry)
    }

    @Test("entries are compared byte by byte, without normalization")
    func exactness() {
        #expect(RevocationEntry(.token("\u{e9}")) != RevocationEntry(.token("e\u{301}")))
        #expect(
            RevocationEntry(.token("a"), issuer: "\u{e9}") != RevocationEntry(.token("a"), issuer: "e\u{301}"))
        #expect(Set([RevocationEntry(.token("\u{e9}")), RevocationEntry(.token("e\u{301}"))]).count == 2)
    }

    @Test("an entry has ended from its last second on")
    func ends() {
        let entry = RevocationEntry(.token("a"), end: 10)
        #expect(!entry.hasEnded(at: 9))
        #expect(entry.hasEnded(at: 10))
        #expect(!RevocationEntry(.token("a")).hasEnded(at: .max))
    }
}
