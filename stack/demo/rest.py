"""Depth snapshots over HTTP.

Plain http.client in a thread: one request per book and connection does not earn a client library.
"""

import asyncio
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from stack.demo.protocol import DepthSnapshot, parse_snapshot
from stack.demo.venue import Venue

REQUEST_TIMEOUT_S = 10.0
MAX_SNAPSHOT_BYTES = 1 << 20


class SnapshotUnavailableError(Exception):
    """No snapshot this time; `retry_after_s` is how long the venue asks to be left alone."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


async def fetch_snapshot(venue: Venue, symbol: str) -> DepthSnapshot:
    """Ask for the book of `symbol` now; raises SnapshotUnavailableError, or MalformedMessageError."""
    try:
        body = await asyncio.to_thread(_get, venue.snapshot_url(symbol))
    except (OSError, HTTPException) as error:
        raise SnapshotUnavailableError(f"{symbol}: {error!r}") from error
    return parse_snapshot(body, symbol)


def _get(url: str) -> bytes:
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.netloc, timeout=REQUEST_TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Accept": "application/json"})
        return _body(connection.getresponse())
    finally:
        connection.close()


def _body(response: HTTPResponse) -> bytes:
    if response.status != HTTPStatus.OK:
        # 429 and 418 name the seconds to wait; to ignore them is to be banned.
        retry_after = response.headers.get("Retry-After", "")
        raise SnapshotUnavailableError(
            f"HTTP {response.status}", float(retry_after) if retry_after.isdecimal() else 0.0
        )
    body = response.read(MAX_SNAPSHOT_BYTES + 1)
    if len(body) > MAX_SNAPSHOT_BYTES:
        raise SnapshotUnavailableError(f"a snapshot of more than {MAX_SNAPSHOT_BYTES} bytes")
    return body
