import AccessLog
import Authentication
import Bytes
import Configuration
import HTTP
import JOSE
import TLS
import Transport

extension Exchange {
    /// Notes who was recognised.
    func note(_ principal: Principal, now: Int) {
        if let subject = principal.subject { noteSubject(subject) }
        if let client = principal.client { record.set(.clientID, to: client) }
        record.set(.issuer, to: principal.issuer)
        record.set(.tokenID, to: principal.tokenID)
        if let expiry = principal.expiry { record.expiresIn = expiry - now }
    }

    func noteSubject(_ subject: String) {
        switch generation.settings.subjectDisclosure {
        case .plain: record.set(.subject, to: subject)
        case .hash: record.set(.subject, to: SHA256.hash(subject.utf8.span).hexadecimal(digits: 16))
        case .omit: break
        }
    }

    /// Completes the record and writes its line.
    func finishRecord(for client: Client) {
        let finished = Instant.now
        record.timestamp = resources.loop.timeOfDay
        record.duration = finished.since(started).microseconds
        // Only forwarded exchanges count retries.
        if record.retries != nil { record.upstreamDuration = finished.since(decided).microseconds }
        record.bytesIn = upload.received
        if record.origin == .upstream { record.bytesOut = download.received }
        record.set(.requestID, to: requestID)
        if let security = client.security { record.set(.tls, to: security.stream.version.text) }
        if !client.remoteIP.isEmpty { record.set(.remoteIP, to: client.remoteIP) }
        let clientIP = believed?.logged ?? client.origin.logged
        if !clientIP.isEmpty { record.set(.clientIP, to: clientIP) }
        if !request.target.path.isEmpty {
            record.set(.method, to: request.method.name)
            record.set(.path, to: request.target.path)
            record.set(.proto, to: request.version.name)
        }
        if !request.host.isEmpty { record.set(.host, to: request.host.authority) }
        if let agent = request.fields.value(of: .userAgent) { record.set(.userAgent, to: agent) }
        if let route { record.set(.route, to: route.id) }
        record.set(.configuration, to: generation.settings.configurationHash)
        resources.append(record)
    }
}
