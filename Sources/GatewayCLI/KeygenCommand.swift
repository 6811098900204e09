import ArgumentParser
internal import CLinux
import JOSE

struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make an ES256 key, if there is none yet, and write its JWK Set.")

    @Option(help: "The file with the private key; created with mode 0600 if it does not exist.")
    var key: String

    @Option(help: "The file for the JWK Set with the public key.")
    var jwks: String

    func run() throws {
        do throws(SigningKeyError) {
            let key = try SigningKeyFile(path: key).loadOrCreate()
            try write(key.publicKeySet())
        } catch {
            StandardError.print("\(error)")
            throw ExitCode(1)
        }
    }

    private func write(_ set: [UInt8]) throws(SigningKeyError) {
        // SAFETY: the path outlives the call; the descriptor is closed on every path.
        let descriptor = unsafe open_file(jwks, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(errno: last_error()) }
        defer { close(descriptor) }
        // SAFETY: the pointer covers the bytes and is used only during the call.
        let written = unsafe set.withUnsafeBufferPointer { unsafe CLinux.write(descriptor, $0.baseAddress, $0.count) }
        guard written == set.count else { throw .file(errno: last_error()) }
    }
}
