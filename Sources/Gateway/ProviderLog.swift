import IdentityProviders
import Logging
import Synchronization
import Transport

/// Tells the operator what becomes of the questions to identity providers.
final class ProviderLog: Sendable {
    private let logger: Logger
    /// By issuer: where introspection fails, it fails for every request.
    private let warnings = Mutex<[String: RepeatedWarning]>([:])

    init(_ logger: Logger) {
        self.logger = logger
    }

    @Sendable func note(_ event: KeyEvent) {
        switch event {
        case .fetched(let settings, let count, let changed, let url):
            let metadata: Logger.Metadata = [
                "event": "key_fetch", "issuer": .string(settings.name), "url": .string(url),
                "keys": .stringConvertible(count), "changed": .stringConvertible(changed),
            ]
            logger.log(level: changed ? .info : .debug, "the keys of an issuer were fetched", metadata: metadata)
        case .failed(let settings, let error, let retained):
            var metadata = Self.metadata("key_fetch", settings.name, error)
            if let retained { metadata["keys_usable_until"] = .stringConvertible(retained) }
            logger.warning(
                retained == nil
                    ? "the keys of an issuer cannot be fetched, and there are none: its tokens are answered with 503"
                    : "the keys of an issuer cannot be fetched: those before serve on", metadata: metadata)
        case .restored(let settings, let age):
            logger.info(
                "the keys of an issuer from an earlier run serve until they are fetched",
                metadata: [
                    "event": "keys_restored", "issuer": .string(settings.name), "age": .stringConvertible(age),
                ])
        case .store(let settings, let detail):
            logger.warning(
                "the last good keys of an issuer cannot be kept",
                metadata: ["event": "key_store", "issuer": .string(settings.name), "error": .string(detail)])
        }
    }

    @Sendable func note(_ event: IntrospectionEvent) {
        guard case .failed(let settings, let error) = event else { return }
        guard let count = warnings.withLock({ $0[settings.name, default: RepeatedWarning()].occurred(at: .now) })
        else { return }
        var metadata = Self.metadata("introspection_failed", settings.name, error)
        metadata["count"] = .stringConvertible(count)
        logger.warning("an issuer cannot be asked about tokens: they are answered with 503", metadata: metadata)
    }

    private static func metadata(_ event: String, _ issuer: String, _ error: ProviderError) -> Logger.Metadata {
        [
            "event": .string(event), "issuer": .string(issuer), "stage": .string(error.stage.rawValue),
            "url": .string(error.url), "error": .string(error.detail),
        ]
    }
}
