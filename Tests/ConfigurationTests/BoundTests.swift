import Testing

@testable import Configuration

@Suite("security.md, rule 21: what is said about a file has bounds")
struct BoundTests {
    @Test("a thousand errors are kept, and one more says how many were left out")
    func count() throws {
        let found = try #require(
            errors("{ \((0..<1500).map { "\"unknown\($0)\": 1" }.joined(separator: ",\n")) }")
        ).errors
        #expect(found.count == 1001)
        #expect(found[999].message == "unknown key \"unknown999\"")
        let last = try #require(found.last)
        // Missing keys are left out, too.
        #expect(last.message.hasSuffix(" more errors are not shown"))
        #expect(Int(last.message.prefix { $0.isNumber }) ?? 0 > 500)
        #expect(last.line == 1001)
        #expect(last.pointer == "/unknown1000")
    }

    @Test("a thousand errors are no more than a thousand")
    func exactly() {
        let problems = ProblemCollector(source: SourceText(bytes: Array("{}".utf8), file: "f.json"))
        for _ in 0..<1000 { problems.report("x", at: 0..<1, pointer: .root) }
        problems.report("x", as: .anyAudience, at: 0..<1, pointer: .root)
        #expect(problems.findings(.error).count == 1000)
        #expect(problems.findings(.warning).map(\.message) == ["x"])
        problems.report("x", at: 0..<1, pointer: .root)
        #expect(problems.findings(.error).last?.message == "1 more error is not shown")
    }

    @Test("known keys are looked for in place of the first hundred unknown ones of an object")
    func suggestions() {
        let found = errors("{ \((0..<300).map { "\"worker\($0)\": 1" }.joined(separator: ", ")) }")?.errors ?? []
        let unknown = found.filter { $0.rule == .unknownKey }
        #expect(unknown.count == 300)
        #expect(unknown[..<100].allSatisfy { $0.suggestion == "workers" })
        #expect(unknown[100...].allSatisfy { $0.suggestion == nil })
    }

    @Test("the values of unknown keys beyond those are hidden, whatever they are")
    func hiddenBeyond() {
        let text = "{ \((0..<101).map { "\"u\($0)\": 471\($0)" }.joined(separator: ",\n")), \"workers\": \"many\" }"
        let found = errors(text)?.description ?? ""
        #expect(found.contains("\"u99\": 47199,"))
        #expect(found.contains("\"u100\": ******, \"workers\": \"many\""))
    }

    @Test("names, numbers and pointers are cut at two hundred characters")
    func length() throws {
        let long = String(repeating: "\u{e9}", count: 300)
        let number = String(repeating: "1", count: 300)
        let found = try #require(errors(#"{ "\#(long)": 1, "version": \#(number), "grant": "\#(long)" }"#)).errors
        let cut = long.prefix(200) + "…"
        #expect(found.contains { $0.message == "unknown key \"\(cut)\"" })
        #expect(found.contains { $0.pointer == "/\(long.prefix(199))…" })
        #expect(found.contains { $0.message.hasSuffix(", not \"\(cut)\"") })
        #expect(found.contains { $0.message.contains("11…") })
        #expect(found.allSatisfy { $0.message.unicodeScalars.count < 300 })
        #expect(
            try #require(errors(#"{ "\#(String(repeating: #"a\""#, count: 5000))": 1 }"#)).errors
                .allSatisfy { $0.message.unicodeScalars.count <= 1001 })
    }
}
