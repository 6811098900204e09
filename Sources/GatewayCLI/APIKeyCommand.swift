import ArgumentParser
import Authentication
import Bytes
import JOSE

struct APIKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key", abstract: "Make an API key and print it with its hash.",
        discussion:
            "The key is for its holder and is shown this once; the hash is for \"api_keys\" in the configuration.")

    func run() {
        let secret = APIKey.makeSecret()
        print("key:  \(secret.span.text)")
        print("hash: sha256:\(SHA256.hash(secret.span).hexadecimal())")
    }
}
