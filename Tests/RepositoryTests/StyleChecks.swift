/// The conventions that can be seen in one Swift file.
enum StyleChecks {
    /// Targets that may use unsafe constructs; the tests of these may as well.
    static let unsafeTargets: Set<Substring> = [
        "Bytes", "Transport", "JOSE", "Passwords", "TLS", "HTTP2", "AccessLog", "WebSocket",
    ]
    /// Bridges to C, and the targets that may import each.
    static let bridges: [Substring: Set<Substring>] = [
        "CLinux": ["Transport", "AccessLog", "Bytes"], "COpenSSL": ["JOSE", "Passwords", "TLS", "WebSocket"],
        "CNGHTTP2": ["HTTP2"],
    ]
    static let systemModules: Set<Substring> = ["Glibc", "Musl", "Darwin"]
    /// Modules of the toolchain that need no entry in Package.swift.
    static let toolchainModules: Set<Substring> = ["Synchronization", "FoundationEssentials"]
    static let longestFunction = 70
    /// The folder of the fuzz targets, whose driver is called by libFuzzer with pointers.
    static let fuzzing: Substring = "Fuzz"
    /// The folders of what is built on request, which Package.swift declares outside its list of targets, and what may be
    /// imported there.
    static let builtOnRequest: [Substring: Set<Substring>] = [
        fuzzing: [
            "HTTP", "HTTP2", "Transport", "Bytes", "JOSE", "Authentication", "Routing", "Configuration", "Gateway",
            "WebSocket", "Revocation", "StrictJSON", "TestSupport", "FuzzDriver",
        ],
        "Benchmarks": ["HTTP", "JOSE", "Authorization", "Configuration", "Gateway"],
    ]

    static func all(_ file: SourceFile, _ table: DependencyTable) -> [Finding] {
        unsafeUse(file) + missingSafety(file) + imports(file, table) + crashes(file) + longFunctions(file)
            + mainType(file) + names(file) + publicAccess(file)
    }

    private static func moduleUnderTest(_ file: SourceFile) -> Substring {
        file.isTest && file.target.hasSuffix("Tests") ? file.target.dropLast("Tests".count) : file.target
    }

    private static func isUnsafe(_ line: Substring) -> Bool {
        line.words.contains {
            $0 == "unsafe" || $0 == "unchecked" || $0.hasPrefix("Unsafe") || $0.contains("withUnsafe")
        }
    }

    static func unsafeUse(_ file: SourceFile) -> [Finding] {
        guard !unsafeTargets.contains(moduleUnderTest(file)), file.target != fuzzing else { return [] }
        return file.code.indices.filter { isUnsafe(file.code[$0]) }.map {
            file.finding(
                $0,
                "unsafe code outside \(unsafeTargets.sorted().joined(separator: ", ")): use Span and the Bytes module")
        }
    }

    /// A `// SAFETY:` line covers the code below it up to the next blank line.
    static func missingSafety(_ file: SourceFile) -> [Finding] {
        file.code.indices.filter { file.code[$0].words.contains("unsafe") }.compactMap { index in
            let paragraph = file.lines[...index].reversed().prefix { !$0.isBlank }
            if paragraph.contains(where: { $0.contains("// SAFETY:") }) { return nil }
            return file.finding(index, "unsafe without a reason: put `// SAFETY: why this holds` above it")
        }
    }

    static func imports(_ file: SourceFile, _ table: DependencyTable) -> [Finding] {
        file.code.indices.compactMap { index in
            let words = file.code[index].words.filter { !["package", "internal", "private", "testable"].contains($0) }
            guard words.first == "import", let module = words.last else { return nil }
            if module == "Foundation" {
                return file.finding(index, "import FoundationEssentials instead of Foundation")
            }
            if file.isTest && (module == "Testing" || systemModules.contains(module)) { return nil }
            if systemModules.contains(module) {
                return file.finding(index, "use what Transport or Bytes offer instead of \(module)")
            }
            if let users = bridges[module], !users.contains(moduleUnderTest(file)) {
                return file.finding(
                    index, "only \(users.sorted().joined(separator: " and ")) may import \(module): use their types")
            }
            if toolchainModules.contains(module) { return nil }
            if builtOnRequest[file.target]?.contains(module) == true { return nil }
            if table.dependencies[String(file.target)]?.contains(String(module)) == true { return nil }
            return file.finding(
                index, "\(file.target) may not import \(module): add it to Package.swift if the architecture allows it")
        }
    }

    static func crashes(_ file: SourceFile) -> [Finding] {
        let replacements = [
            ("try!", "handle the error, or let a typed throw pass it on"), ("as!", "use as? and handle nil"),
            ("fatalError(", "make the case impossible by type, or use precondition with a reason"),
        ]
        return file.code.indices.flatMap { index in
            replacements.compactMap { token, replacement in
                guard let range = file.code[index].firstRange(of: token) else { return nil }
                let before = file.code[index][..<range.lowerBound].last
                if let before, before.isLetter || before.isNumber || before == "_" { return nil }
                return file.finding(index, "\(token) is not allowed: \(replacement)")
            }
        }
    }

    static func longFunctions(_ file: SourceFile) -> [Finding] {
        file.code.indices.compactMap { index in
            let line = file.code[index]
            guard line.words.contains("func") || line.words.contains("init") || line.words.contains("deinit") else {
                return nil
            }
            guard let end = endOfBlock(file, from: index), end - index + 1 > longestFunction else { return nil }
            return file.finding(
                index, "a function of \(end - index + 1) lines: split it, \(longestFunction) are allowed")
        }
    }

    /// The line of the brace that closes the first block that opens at or below `start`, where a line of the same
    /// indentation does not come first.
    private static func endOfBlock(_ file: SourceFile, from start: Int) -> Int? {
        var depth = 0
        var hasOpened = false
        for index in start..<file.code.count {
            for character in file.code[index] where character == "{" || character == "}" {
                depth += character == "{" ? 1 : -1
                if depth < 0 { return nil }
                hasOpened = true
            }
            if hasOpened && depth == 0 { return index }
            // A declaration without a body ends at the next line that is not indented further or its closing bracket.
            if !hasOpened && index > start && !file.code[index].isBlank
                && file.code[index].indentation <= file.code[start].indentation
                && !file.code[index].drop(while: { $0 == " " }).hasPrefix(")")
            {
                return nil
            }
        }
        return nil
    }

    /// A file that begins with a type declares one that is named as the file; one that begins with an extension is
    /// named for what it adds, and a file of tests for what it tests.
    static func mainType(_ file: SourceFile) -> [Finding] {
        guard !file.isTest, !beginsWithExtension(file) else { return [] }
        let types = topLevelTypes(file)
        guard let first = types.first, file.name != "Main", !types.contains(where: { $0.name == file.name }) else {
            return []
        }
        return [file.finding(first.line, "the main type of \(file.name).swift is \(first.name): rename one of them")]
    }

    private static func beginsWithExtension(_ file: SourceFile) -> Bool {
        let declarations: Set<Substring> = ["extension", "struct", "class", "enum", "actor", "protocol"]
        let first = file.code.first { $0.indentation == 0 && $0.words.contains { declarations.contains($0) } }
        return first?.words.contains("extension") == true
    }

    private static func topLevelTypes(_ file: SourceFile) -> [(name: Substring, line: Int)] {
        file.code.indices.compactMap { index in
            let words = file.code[index].words
            guard file.code[index].indentation == 0, !words.contains("private"), !words.contains("fileprivate") else {
                return nil
            }
            guard let name = declaredType(words) else { return nil }
            return (name, index)
        }
    }

    private static func declaredType(_ words: [Substring]) -> Substring? {
        let keywords: Set<Substring> = ["struct", "class", "enum", "actor", "protocol"]
        guard let keyword = words.firstIndex(where: { keywords.contains($0) }), keyword + 1 < words.count else {
            return nil
        }
        let modifiers: Set<Substring> = [
            "package", "internal", "final", "indirect", "main", "MainActor", "Suite", "safe",
        ]
        guard words[..<keyword].allSatisfy({ modifiers.contains($0) }) else { return nil }
        return words[keyword + 1]
    }

    static let bannedNames = [
        ("Util", "name it for what it does"), ("Helper", "name it for what it does"),
        ("Common", "name it for what it holds"),
        ("Manager", "name it for its task"), ("Downstream", "say Client"), ("Backend", "say Upstream"),
        ("Authn", "say Authentication"), ("Authz", "say Authorization"), ("JWKS", "say KeySet"),
    ]

    static func names(_ file: SourceFile) -> [Finding] {
        let declared = file.code.indices.compactMap { index in declaredType(file.code[index].words).map { ($0, index) }
        }
        return ([(file.name, 0)] + declared).flatMap { name, index in
            bannedNames.filter { name.contains($0.0) }.map { word, replacement in
                file.finding(index, "\(name) has \(word) in its name: \(replacement)")
            }
        }
    }

    static func publicAccess(_ file: SourceFile) -> [Finding] {
        let declarations: Set<Substring> = [
            "final", "struct", "class", "enum", "actor", "protocol", "extension", "func", "var", "let", "init",
            "static",
        ]
        return file.code.indices.filter { index in
            let words = file.code[index].words
            return words.count > 1 && ["public", "open"].contains(words[0]) && declarations.contains(words[1])
        }.map { file.finding($0, "this is a program: say package instead of public") }
    }
}
