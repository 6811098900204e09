import Admin
import ArgumentParser
import Configuration
import Transport

struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask the admin listener of a running gateway how it is.",
        discussion: "Exit status: 0 if it is well, 1 if it is not or does not answer.")

    @Flag(help: "Ask whether requests should be sent to it, instead of whether it runs.")
    var ready = false

    @Option(
        help: "Where its admin listener is: host:port, [v6]:port or unix:/path; by default what the configuration says."
    )
    var admin: String?

    @OptionGroup var source: ConfigurationOption

    private static let timeout = Nanoseconds.seconds(5)

    func run() throws {
        let addresses = try addresses(of: try adminAddress())
        for address in addresses {
            guard let outcome = ask(address) else { continue }
            print(outcome.body, terminator: "")
            throw outcome.status == 200 ? ExitCode.success : .invalid
        }
        throw ExitCode.invalid
    }

    private func ask(_ address: SocketAddress) -> AdminProbe.Outcome? {
        do throws(AdminProbeError) {
            return try AdminProbe.get(ready ? "/readyz?verbose" : "/livez", from: address, within: Self.timeout)
        } catch {
            StandardError.print("\(address.description): \(error.description)")
            return nil
        }
    }

    private func adminAddress() throws -> SocketAddressConfiguration {
        if let admin {
            guard let address = SocketAddressConfiguration(text: admin) else {
                throw ValidationError("\(admin) is not an address: write host:port, [v6]:port or unix:/path.")
            }
            return address
        }
        guard let address = try source.load(orExitWith: 1).admin?.address else {
            StandardError.print("\(source.file) has no \"admin\": name its address with --admin")
            throw ExitCode.invalid
        }
        return address
    }

    private func addresses(of address: SocketAddressConfiguration) throws -> [SocketAddress] {
        switch address {
        case .unix(let path):
            if let address = SocketAddress(unixPath: path) { return [address] }
            StandardError.print("the path is longer than \(SocketAddress.maximumPathLength) bytes")
            throw ExitCode.invalid
        case .ip(_, 0):
            StandardError.print("port 0 says that the system chose one: name the address with --admin")
            throw ExitCode.invalid
        case .ip(let host, let port):
            do throws(ResolverError) {
                return try Resolver.addresses(of: host, port: UInt16(port))
            } catch {
                StandardError.print("\(host): \(error.description)")
                throw ExitCode.invalid
            }
        }
    }
}
