"""The local certificate authority: one identity per process, and the edge's certificate for browsers.

1. Keys are P-256 and readable by their owner only.
2. What is missing or near its end is issued anew at each start.
3. One part issues them all, before any process that shows them starts.
"""

import datetime
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stack.part import Command
from stack.site import Site, write_private

TRUST_DOMAIN = "spiffe://exchange/"
AUTHORITY_LIFE = datetime.timedelta(days=3650)
LEAF_LIFE = datetime.timedelta(days=365)
RENEW_BEFORE_END = datetime.timedelta(days=30)
WEBSITE = "localhost"
LOCALHOST = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Identity:
    """PEM files of one process: the authority it trusts, its certificate, its key."""

    authority: Path
    certificate: Path
    key: Path


class Certificates:
    """The step that issues what every process shows; no process of its own."""

    name = "certificates"
    needs: tuple[str, ...] = ()

    def __init__(self, site: Site, processes: Sequence[str]) -> None:
        self._site = site
        self._processes = processes

    def ports(self) -> Mapping[str, int]:
        """Name none."""
        return {}

    def prepare(self) -> None:
        """Issue an identity for each process, and the certificate that browsers see."""
        authority = authority_of(self._site)
        for process in self._processes:
            authority.process(process)
        authority.website(WEBSITE)

    def command(self) -> Command | None:
        """Run nothing."""
        return None

    def ready(self) -> bool:
        """Tell that there is nothing to wait for."""
        return True

    def settle(self) -> None:
        """Do nothing: there is nothing to configure."""

    def describe(self) -> str:
        """Name the authority's certificate, which clients trust."""
        return str(authority_of(self._site).certificate)


class Authority:
    """The authority of one folder, made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key_path = folder / "ca.key"
        self.certificate = folder / "ca.crt"

    def process(self, name: str) -> Identity:
        """Give the identity of a process: `spiffe://exchange/NAME`, valid on this machine, as client and as server."""
        return self._leaf(name, [x509.UniformResourceIdentifier(TRUST_DOMAIN + name), *LOCALHOST])

    def website(self, name: str) -> Identity:
        """Give a server's certificate for localhost and 127.0.0.1, without an identity of the mesh."""
        return self._leaf(name, LOCALHOST)

    def _leaf(self, name: str, names: Sequence[x509.GeneralName]) -> Identity:
        issuer_key, issuer = self._authority()
        leaf = Identity(self.certificate, self._folder / f"{name}.crt", self._folder / f"{name}.key")
        if not is_current(leaf.certificate, issuer):
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = issue_leaf(name, names, key.public_key(), issuer, issuer_key)
            write_pair(leaf.certificate, certificate, leaf.key, key)
        return leaf

    def _authority(self) -> tuple[Key, x509.Certificate]:
        if not self.certificate.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            write_pair(self.certificate, issue_authority(made), self._key_path, made)
        key_pem = self._key_path.read_bytes()
        key = serialization.load_pem_private_key(key_pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._key_path} holds no elliptic curve key")
        return key, x509.load_pem_x509_certificate(self.certificate.read_bytes())


def authority_of(site: Site) -> Authority:
    """Give the authority of a stack."""
    return Authority(site.folder("certificates"))


def issue_authority(key: Key) -> x509.Certificate:
    """Issue a self-signed authority that may sign leaves only."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exchange local authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        unsigned(name, name, key.public_key(), AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def issue_leaf(
    name: str,
    names: Sequence[x509.GeneralName],
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate,
    issuer_key: Key,
) -> x509.Certificate:
    """Issue a certificate for clients and servers under the given alternative names."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    return (
        unsigned(subject, issuer.subject, key, LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usages, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )


def unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: datetime.timedelta
) -> x509.CertificateBuilder:
    """Begin a certificate that is valid from an hour ago, for clocks that differ, to the end of its life."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + life)
    )


def is_current(path: Path, issuer: x509.Certificate) -> bool:
    """Tell whether the certificate is there, was signed by this issuer, and does not end soon."""
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    return certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > RENEW_BEFORE_END


def write_pair(certificate_path: Path, certificate: x509.Certificate, key_path: Path, key: Key) -> None:
    """Write a key and then its certificate, which says that both are there."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    write_private(key_path, key.private_bytes(encoding, form, serialization.NoEncryption()).decode())
    write_private(certificate_path, certificate.public_bytes(encoding).decode())
