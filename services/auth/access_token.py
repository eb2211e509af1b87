"""The compact form of an access token, a JWT signed with Ed25519 (RFC 7519, RFC 8037), without the signing itself."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime

from services.auth.model import AccessClaims

ALGORITHM = "EdDSA"
ISSUER = "exchange"
AUDIENCE = "exchange"


def signing_input(claims: AccessClaims, key_id: str) -> str:
    """Return header and claims, encoded: what is signed, and what stands before the last dot of the token."""
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": key_id}
    return f"{_encoded(header)}.{_encoded(_payload(claims))}"


def compact(signed: str, signature: bytes) -> str:
    """Return the token of a signed input and its signature of 64 bytes."""
    return f"{signed}.{base64url(signature)}"


def base64url(octets: bytes) -> str:
    """Return octets in the alphabet of URLs, without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _payload(claims: AccessClaims) -> Mapping[str, object]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(claims.user_id),
        "account": str(claims.account_id),
        "scope": " ".join(claims.scopes),
        "sid": str(claims.session_id),
        "iat": _seconds(claims.issue_time),
        "exp": _seconds(claims.expire_time),
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _encoded(part: Mapping[str, object]) -> str:
    return base64url(json.dumps(part, separators=(",", ":")).encode())
