"""A mesh for tests: an authority, certificates for any process, and tokens for any user, made on the spot.

mesh = Mesh(tmp_path, callers={"orders": {"methods": ["/exchange.auth.v1.AuthService/GetJwks"]}})
own = Settings(**mesh.process("orders"), postgres_dsn=...)   # what every ProcessSettings needs; any free port
async with running("orders", own, build) as process, mesh.channel("edge", process.server.port) as channel:
    await OrdersServiceStub(channel).GetOrder(request, metadata=mesh.bearer(account=7, scopes="orders:read"))

The service under test takes its keys from the mesh: `process.use_tokens(mesh.keys)`.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.runtime import grpc_client
from services.runtime.tls import Identity

KEY_ID = "test:1"
USER = UUID(int=1)
SESSION = UUID(int=2)
LIFETIME = timedelta(days=1)

Metadata = tuple[tuple[str, str], ...]


class Mesh:
    """An authority in a folder of its own."""

    def __init__(self, folder: Path, callers: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._authority_key = generate_private_key(SECP256R1())
        self._authority = _certificate("authority", self._authority_key, None, self._authority_key)
        self._signer = Ed25519PrivateKey.generate()
        self._callers = folder / "callers.yaml"
        self._callers.write_text(yaml.safe_dump({"callers": dict(callers or {})}))
        (folder / "ca.crt").write_bytes(self._authority.public_bytes(Encoding.PEM))

    def identity(self, name: str) -> Identity:
        """Make the certificate of a process: spiffe://exchange/<name>, localhost."""
        key, cert = self._folder / f"{name}.key", self._folder / f"{name}.crt"
        if not key.exists():
            private = generate_private_key(SECP256R1())
            issued = _certificate(name, private, self._authority, self._authority_key)
            key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            cert.write_bytes(issued.public_bytes(Encoding.PEM))
        return Identity(self._folder / "ca.crt", cert, key)

    def process(self, name: str) -> dict[str, Any]:
        """Give the settings that every process needs, as keywords."""
        identity = self.identity(name)
        return {
            "listen_port": 0,
            "tls_ca": identity.authority,
            "tls_cert": identity.certificate,
            "tls_key": identity.key,
            "callers_file": self._callers,
        }

    def channel(self, name: str, port: int) -> AbstractAsyncContextManager[grpc.aio.Channel]:
        """Connect to a server of the mesh as the process `name`."""
        return grpc_client.connect(f"127.0.0.1:{port}", self.identity(name))

    async def keys(self) -> Mapping[str, bytes]:
        """Publish the key that verifies the mesh's tokens."""
        return {KEY_ID: self._signer.public_key().public_bytes_raw()}

    def token(self, account: int = 1, scopes: str = "", **changed: Any) -> str:
        """Sign a token; `changed` replaces claims, and removes those that are None."""
        body = _part({"alg": "EdDSA", "kid": KEY_ID}) + "." + _part(_claims(account, scopes, changed))
        return f"{body}.{text_of_bytes(self._signer.sign(body.encode()))}"

    def unsigned(self, account: int = 1, scopes: str = "") -> str:
        """Give a token that says it needs no signature."""
        return _part({"alg": "none", "kid": KEY_ID}) + "." + _part(_claims(account, scopes, {})) + "."

    def bearer(self, account: int = 1, scopes: str = "", **changed: Any) -> Metadata:
        """Give the metadata that carries such a token."""
        return (("authorization", f"Bearer {self.token(account, scopes, **changed)}"),)


def _certificate(
    name: str, key: EllipticCurvePrivateKey, issuer: x509.Certificate | None, issuer_key: EllipticCurvePrivateKey
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.UniformResourceIdentifier(f"spiffe://exchange/{name}"), x509.DNSName("localhost")]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer_key, SHA256())
    )


def _claims(account: int, scopes: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    now = int(changed.get("iat") or datetime.now(UTC).timestamp())
    claims = {
        "iss": "exchange",
        "aud": "exchange",
        "sub": str(USER),
        "account": str(account),
        "scope": scopes,
        "sid": str(SESSION),
        "iat": now,
        "exp": now + 900,
    }
    return {name: value for name, value in (claims | changed).items() if value is not None}


def _part(content: Mapping[str, Any]) -> str:
    return text_of_bytes(json.dumps(content).encode())


def text_of_bytes(content: bytes) -> str:
    """Write bytes as JSON Web Tokens do: base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
