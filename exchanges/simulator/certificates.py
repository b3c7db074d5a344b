"""A certificate authority of our own, so that unmodified clients speak TLS to the exchanges' real names. Only who is
told to trust DIR/ca.pem does."""

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAINS = (
    "binance.com", "binance.vision", "testnet.binance.vision", "binancefuture.com", "bybit.com", "bybit.nl",
    "bytick.com", "mexc.com", "mexc.co", "okx.com",
)  # fmt: skip
LIFETIME = datetime.timedelta(days=3650)


def ensure_certificates(home: Path) -> tuple[Path, Path]:
    """(CA certificate, server certificate with its key), made at the first start, and when an exchange was added."""
    ca, server = home / "ca.pem", home / "server.pem"
    if not (ca.exists() and server.exists() and _covers_all(server)):
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca_certificate = _sign_ca(ca_key)
        server_key = ec.generate_private_key(ec.SECP256R1())
        server_certificate = _sign_server(server_key, ca_key, ca_certificate)
        _write_secret(home / "ca.key", _pem_of(ca_key))
        _write_secret(
            server, _pem_of(server_key) + server_certificate.public_bytes(serialization.Encoding.PEM)
        )
        ca.write_bytes(ca_certificate.public_bytes(serialization.Encoding.PEM))
    return ca, server


def _covers_all(server: Path) -> bool:
    certificate = x509.load_pem_x509_certificate(server.read_bytes())
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(DOMAINS) <= set(named.get_values_for_type(x509.DNSName))


def _builder(name: str, issuer: x509.Name | None, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _sign_ca(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _builder("AutoGrid simulator", None, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _sign_server(
    key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate
) -> x509.Certificate:
    names: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.DNSName("localhost"),
    ]
    for domain in DOMAINS:
        names += [x509.DNSName(domain), x509.DNSName(f"*.{domain}")]
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _builder("exchanges", ca.subject, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_secret(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
