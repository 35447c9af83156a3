"""Certificates for an engine that speaks TLS: an authority, the engine's own, and a client's."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Certificates:
    """Directories as the Docker client wants them, each with ca.pem, cert.pem and key.pem.

    Args:
        server: the engine's.
        client: one that the engine accepts.
        stranger: one of another authority.
    """

    server: Path
    client: Path
    stranger: Path


def make_certificates(directory: Path) -> Certificates:
    """Make all of them, valid for three hours, the engine's for 127.0.0.1 alone."""
    ours, other = _Authority("apiary-drill test"), _Authority("somebody else")
    made = Certificates(directory / "server", directory / "client", directory / "stranger")
    ours.issue(made.server, ExtendedKeyUsageOID.SERVER_AUTH, address="127.0.0.1")
    ours.issue(made.client, ExtendedKeyUsageOID.CLIENT_AUTH)
    other.issue(made.stranger, ExtendedKeyUsageOID.CLIENT_AUTH)
    return made


class _Authority:
    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(self._key, hashes.SHA256())
        )

    def issue(self, directory: Path, usage: x509.ObjectIdentifier, *, address: str | None = None) -> None:
        """Write a directory with a new certificate of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, directory.name)])
        builder = self._builder(name, key).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if address is not None:
            alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(alternative, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        directory.mkdir(parents=True)
        (directory / "ca.pem").write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        (directory / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (directory / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=3))
        )
