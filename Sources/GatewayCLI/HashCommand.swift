import ArgumentParser
import Bytes
import Passwords
import Transport

struct HashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash", abstract: "Read a password and print what the configuration keeps of it.",
        discussion: """
            The password is asked for without showing it, or else read from standard input up to a line end. The same \
            goes for the secret of a client, which should hold letters and digits only: some clients escape other \
            characters and some do not.

            Exit status: 0; 64 if there is no password, or it was not repeated exactly.
            """)

    @Option(help: "How expensive it is to try a password: 14 (50 ms and 16 MiB, about) or 15 (twice as much).")
    var cost = PasswordHash.Cost.usual.rawValue

    private static let maximumSize = 4096

    func run() throws {
        guard let cost = PasswordHash.Cost(rawValue: cost) else { throw ValidationError("--cost is 14 or 15.") }
        let password = try readPassword()
        do throws(ScryptError) {
            print(try PasswordHash(of: password.span, cost: cost).phc)
        } catch {
            StandardError.print("there is not enough memory")
            throw ExitCode.failed
        }
    }

    private func readPassword() throws -> [UInt8] {
        guard StandardInput.isTerminal else {
            var bytes: [UInt8]
            do throws(FileError) {
                bytes = try StandardInput.read(limit: Self.maximumSize)
            } catch {
                StandardError.print("cannot read the password: \(error.message)")
                throw ExitCode.noInput
            }
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            return try required(bytes)
        }
        let password = try required(StandardInput.readUnseen(prompt: "Password: "))
        guard StandardInput.readUnseen(prompt: "Again: ") == password else {
            StandardError.print("the two are not the same")
            throw ExitCode.usage
        }
        return password
    }

    private func required(_ password: [UInt8]) throws -> [UInt8] {
        guard password.isEmpty else { return password }
        StandardError.print("a password must not be empty")
        throw ExitCode.usage
    }
}
