// Settings hold private keys: neither a log nor a failed test prints them.

extension ServerTLSSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { "TLS with \(certificates.count) certificates" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension ServerTLSSettings.Certificate: CustomStringConvertible, CustomReflectable {
    package var description: String { "certificate with its key" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension ClientTLSSettings.Certificate: CustomStringConvertible, CustomReflectable {
    package var description: String { "certificate with its key" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
