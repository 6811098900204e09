import ArgumentParser
import Configuration
import ExampleUpstream
import Transport

struct ExampleUpstreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "example-upstream", abstract: "Run a small service to try the gateway with.")

    @Option(help: "Where to listen: address:port, [v6]:port or unix:/path; port 0 lets the system choose.")
    var listen = "127.0.0.1:8000"

    func run() throws {
        guard let address else { throw ValidationError("\(listen) is not an address to listen on.") }
        do throws(SocketError) {
            let server = try ExampleServer(address: address)
            StandardError.print("example upstream on \(server.address.description)")
            server.run()
        } catch {
            StandardError.print("cannot listen on \(listen): \(error.description)")
            throw ExitCode.failed
        }
    }

    private var address: SocketAddress? {
        switch SocketAddressConfiguration(text: listen) {
        case .ip(let host, let port): SocketAddress(numericHost: host, port: UInt16(port))
        case .unix(let path): SocketAddress(unixPath: path)
        case nil: nil
        }
    }
}
