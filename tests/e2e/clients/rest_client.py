"""REST with JSON over TLS, by the contract's `google.api.http` bindings."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

from google.rpc import code_pb2

from tests.e2e.clients import Json, Refused
from tests.e2e.clients.contracts import http_rule_of, method_of

DEADLINE_S = 20.0

_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class RestClient:
    """http.client, a connection a request."""

    def __init__(self, edge: str, ca: Path) -> None:
        self.token: str | None = None
        self._edge = edge
        self._tls = ssl.create_default_context(cafile=ca)

    async def call(self, method: str, request: Json) -> Json:
        verb, path, rest = _bind(method, request)
        if verb == "GET":
            query = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in rest.items()}
            status, answer = await self.send(verb, f"{path}?{urlencode(query)}")
        else:
            status, answer = await self.send(verb, path, json.dumps(rest).encode())
        if status == 200:
            return answer
        raise _refused(status, answer)

    async def send(self, verb: str, path: str, body: bytes | None = None) -> tuple[int, Json]:
        """Send anything at all, and return the HTTP status with the JSON that came."""
        return await asyncio.to_thread(self._send, verb, path, body)

    def _send(self, verb: str, path: str, body: bytes | None) -> tuple[int, Json]:
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        with closing(HTTPSConnection(self._edge, context=self._tls, timeout=DEADLINE_S)) as connection:
            connection.request(verb, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")

    def stream(self, method: str, request: Json) -> AsyncIterator[Json]:
        raise AssertionError("streams have no REST binding")

    async def close(self) -> None:
        """Nothing stays open."""


def _bind(method: str, request: Json) -> tuple[str, str, Json]:
    """Return verb, path and what is left of the request, for the first binding whose path the request can fill."""
    rule = http_rule_of(method_of(method))
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern").upper()
        path, rest = getattr(binding, verb.lower()), dict(request)
        names = re.findall(r"{(\w+)}", path)
        if all(name in rest for name in names):
            for name in names:
                path = path.replace(f"{{{name}}}", str(rest.pop(name)))
            return verb, path, rest
    raise AssertionError(f"{method} has no binding for {sorted(request)}")


def _refused(status: int, answer: Json) -> Refused:
    code = answer.get("code")
    # A service's refusal is a google.rpc.Status; one of the edge says its HTTP status.
    name = code_pb2.Code.Name(code) if isinstance(code, int) and code < 100 else _CODES.get(status, str(status))
    details = answer.get("details", [])
    info = next((detail for detail in details if detail.get("@type", "").endswith("google.rpc.ErrorInfo")), {})
    return Refused(name, info.get("reason", ""), answer.get("message", ""), info.get("metadata", {}))
