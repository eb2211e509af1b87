"""Three real clients of the exchange that speak one language to the tests: the JSON form of the contracts.

A method is named by its contract, "orders.OrdersService/PlaceOrder"; requests and answers are dictionaries with the
contract's field names, and every field of an answer is present.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]


@dataclass
class Refused(Exception):  # noqa: N818 - named as what it says
    """The exchange, or its edge, refused: the gRPC code by name, and the reason if a service gave one."""

    code: str
    reason: str
    message: str
    metadata: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code} {self.reason}: {self.message}"


class Client(Protocol):
    """One way to the exchange."""

    token: str | None

    async def call(self, method: str, request: Json) -> Json:
        """Call a unary method; raises `Refused`."""
        ...

    def stream(self, method: str, request: Json) -> AsyncIterator[Json]:
        """Follow a server stream; raises `Refused`."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


def package_of(method: str) -> tuple[str, str, str]:
    """Split "orders.OrdersService/PlaceOrder" into package, service and method."""
    service, _, name = method.partition("/")
    package, _, short = service.partition(".")
    return f"exchange.{package}.v1", short, name
