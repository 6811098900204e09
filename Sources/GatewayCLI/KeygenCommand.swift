import ArgumentParser
import Bytes
import JOSE
import Transport

struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make an ES256 key, if there is none yet, and write its JWK Set.")

    @Option(help: "The file with the private key; created with mode 0600 if it does not exist.")
    var key: String

    @Option(help: "The file for the JWK Set with the public key.")
    var jwks: String

    func run() throws {
        let set: [UInt8]
        do throws(SigningKeyError) {
            set = try SigningKeyFile(path: key).loadOrCreate().publicKeySet()
        } catch {
            StandardError.print("\(key): \(error.message)")
            throw ExitCode.failed
        }
        do throws(FileError) {
            try FileContents.write(set.span, to: jwks, mode: 0o644, existing: .replace)
        } catch {
            StandardError.print("\(jwks): \(error.message)")
            throw ExitCode.failed
        }
    }
}
