"""Certificates of every kind that a test needs, made on the spot."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def new_key(kind: str) -> Any:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclass
class Identity:
    """A certificate with its key, and the certificates between it and its root."""

    certificate: x509.Certificate
    key: Any
    intermediates: list[x509.Certificate] = field(default_factory=list)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def chain(self) -> bytes:
        certificates = [self.certificate, *self.intermediates]
        return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)

    @property
    def private_key(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def write(self, directory: Path, name: str) -> dict[str, Any]:
        """Puts both into files, each in one step; returns what a configuration says of them."""
        replace(directory / f"{name}.key", self.private_key)
        replace(directory / f"{name}.pem", self.chain)
        return {"certificate": str(directory / f"{name}.pem"), "key": {"file": str(directory / f"{name}.key")}}


def replace(path: Path, data: bytes) -> str:
    """As a certificate tool does: another file, put in the place of the old one. Returns the path."""
    beside = path.with_name(path.name + ".new")
    beside.touch(0o600)
    beside.write_bytes(data)
    os.replace(beside, path)
    return str(path)


class Authority:
    """Signs certificates, lists of revoked ones, and answers about them."""

    def __init__(self, name: str = "Test authority", above: Authority | None = None):
        self.above = above
        self.key = new_key("ec")
        self.name = named(name)
        signer, issuer = (above.key, above.name) if above else (self.key, self.name)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(issuer).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now() - 30 * DAY).not_valid_after(now() + 365 * DAY)
            .add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
            .sign(signer, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self, *names: str, kind: str = "ec", client: bool = False, since: datetime.timedelta = -DAY,
        until: datetime.timedelta = 30 * DAY,
    ) -> Identity:
        """A certificate for `names`, good from `since` to `until`, both counted from now."""
        key = new_key(kind)
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        certificate = (
            x509.CertificateBuilder().subject_name(named(names[0])).issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now() + since).not_valid_after(now() + until)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.SubjectAlternativeName([alternative(name) for name in names]), False)
            .add_extension(x509.ExtendedKeyUsage([purpose]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .sign(self.key, hashes.SHA256())
        )
        return Identity(certificate, key, [self.certificate] if self.above else [])

    def revoking(self, *revoked: Identity, until: datetime.timedelta = 7 * DAY) -> bytes:
        """A list of revoked certificates (RFC 5280 section 5), as PEM."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now() - DAY).next_update(now() + until)
        for identity in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now() - DAY).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def staple(self, identity: Identity) -> bytes:
        """An OCSP response that calls `identity` good, as DER."""
        builder = ocsp.OCSPResponseBuilder().add_response(
            identity.certificate, self.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, now() - DAY, now() + 7 * DAY,
            None, None,
        ).responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def self_signed(name: str) -> Identity:
    key = new_key("ec")
    certificate = (
        x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(name)).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now() - DAY).not_valid_after(now() + 30 * DAY)
        .add_extension(x509.SubjectAlternativeName([alternative(name)]), False).sign(key, hashes.SHA256())
    )
    return Identity(certificate, key)
