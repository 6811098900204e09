import ArgumentParser
import Bytes
import Configuration
import Gateway
import HTTP
import JOSE
import StrictJSON
import Transport

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a token says, and with --config whether it is good.",
        discussion: """
            Without --config nothing is verified: anyone could have written what is shown.

            Exit status: 0; with --config, 1 if the token is not accepted, or only a running gateway could tell; 1 for what is no token, 66 for a file that \
            cannot be read.
            """)

    @Argument(help: "The token; read from standard input by default, so that it shows in no list of processes.")
    var token: String?

    @Option(
        name: [.customShort("f"), .customLong("config")], help: "A configuration file, whose issuers' keys are tried.")
    var config: String?

    private static let maximumSize = 64 << 10

    func run() throws {
        let compact = try readToken()
        guard let view = TokenView(compact) else {
            StandardError.print("this is no signed token: three parts in base64url, of which two hold JSON objects")
            throw ExitCode.invalid
        }
        let now = WallClock.seconds
        print(view.text(now: now))
        guard let config else { return print("signature  not checked: name a configuration with --config") }
        var source = ConfigurationOption()
        source.file = config
        let check = try TokenCheck(compact.span, by: try source.load(orExitWith: 1), now: now)
        print(Self.words(for: check, keyID: view.keyID))
        if check.refusal != nil || check.unaskedIssuer != nil { throw ExitCode.invalid }
    }

    private func readToken() throws -> [UInt8] {
        var bytes: [UInt8]
        if let token {
            bytes = Array(token.utf8)
        } else {
            do throws(FileError) {
                bytes = try StandardInput.read(limit: Self.maximumSize)
            } catch {
                StandardError.print("cannot read the token: \(error.message)")
                throw ExitCode.noInput
            }
        }
        while let last = bytes.last, last <= UInt8(ascii: " ") { bytes.removeLast() }
        return bytes
    }

    private static func words(for check: TokenCheck, keyID: String?) -> String {
        var lines: [String] = []
        if let issuer = check.verifyingIssuer {
            let key = keyID.map { " with the key \"\($0.printable)\"" } ?? ""
            lines.append("signature  good: made by the issuer \"\(issuer)\"\(key)")
        } else {
            lines.append("signature  not verified")
        }
        if let issuer = check.unaskedIssuer {
            lines.append("accepted   not known: only a running gateway asks the provider of \"\(issuer)\"")
        } else if let refusal = check.refusal {
            lines.append("accepted   no: \(refusal)")
        } else {
            lines.append("accepted   yes, on routes that take tokens of this issuer")
        }
        return lines.joined(separator: "\n")
    }
}

/// What a token says, whoever wrote it.
private struct TokenView {
    private let header: JSONNode
    private let claims: JSONNode

    init?(_ compact: [UInt8]) {
        let parts = compact.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]) else {
            return nil
        }
        self.header = header
        self.claims = claims
    }

    private static func object(_ part: ArraySlice<UInt8>) -> JSONNode? {
        guard let bytes = Base64URL.decode(Array(part).span), let node = try? JSONReader.read(bytes.span),
            node.object != nil
        else { return nil }
        return node
    }

    var keyID: String? { header["kid"]?.string }

    func text(now: Int) -> String {
        var text = "header\n\(Self.text(header))claims\n\(Self.text(claims))"
        for (name, label) in [("iat", "issued     "), ("nbf", "not before "), ("exp", "expires    ")] {
            guard let seconds = claims[name]?.number?.integer, (0..<253_402_300_800).contains(seconds) else { continue }
            var date: [UInt8] = []
            HTTPDate.append(seconds: seconds, to: &date)
            text += "\(label)\(date.span.text), \(Self.words(for: seconds - now))\n"
        }
        text.removeLast()
        return text
    }

    private static func text(_ node: JSONNode) -> String { String(decoding: node.value.document, as: UTF8.self) }

    /// A length of time in words, such as "in 14 minutes".
    private static func words(for seconds: Int) -> String {
        let units = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        let length = seconds.magnitude
        let (size, name) = units.first { length >= 2 * UInt($0.0) } ?? (1, "second")
        let count = length / UInt(size)
        let words = "\(count) \(name)\(count == 1 ? "" : "s")"
        return seconds == 0 ? "now" : seconds > 0 ? "in \(words)" : "\(words) ago"
    }
}
