import ArgumentParser
import ExampleUpstream
import Transport

struct ExampleUpstreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "example-upstream", abstract: "Run a small service to try the gateway with.")

    @Option(help: "The IP address to listen on.")
    var address = "127.0.0.1"

    @Option(help: "The port to listen on; 0 lets the system choose.")
    var port: UInt16 = 8000

    func run() throws {
        guard let address = SocketAddress(numericHost: address, port: port) else {
            throw ValidationError("\(address) is not an IP address.")
        }
        do throws(SocketError) {
            let server = try ExampleServer(address: address)
            StandardError.print("example upstream on \(server.address.description)")
            server.run()
        } catch {
            StandardError.print("cannot listen on \(address.description): \(error.description)")
            throw ExitCode(1)
        }
    }
}
