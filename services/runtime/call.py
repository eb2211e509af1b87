"""What a handler may know about the call it serves: who calls, until when, under which request id.

The gate sets the current call before any handler runs, in the task of the call; tasks that the handler starts in a
TaskGroup inherit it. Outside a call (consumers, background work) there is none, and only the functions that say so
may be used.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from services.kernel.ids import AccountId, SessionId, UserId

REQUEST_ID_KEY = "x-request-id"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user whose token came with the call."""

    user_id: UserId
    account_id: AccountId
    scopes: frozenset[str]
    session_id: SessionId
    expires_ns: int = 0
    """When the token expires, nanoseconds since 1970."""


@dataclass(slots=True)
class Call:
    """One call being served. `deadline` is in seconds of the event loop's clock; None on a stream without one."""

    method: str
    request_id: str
    deadline: float | None
    streaming: bool
    draining: asyncio.Event
    peer: str | None
    client_address: str
    received_time_ns: int = 0
    """When it came, in nanoseconds since 1970."""
    caller: Caller | None = None
    trailers: dict[str, str] = field(default_factory=dict)
    code: str = "OK"
    cut: bool = False
    """True once a drain has ended the stream."""
    admit: Callable[[], Awaitable[Caller | None]] | None = None
    """Lets the caller in once more, or refuses: a stream asks it as long as it is open, since tokens end."""

    @property
    def client(self) -> str:
        """Who the call counts against: the account if there is a token, else the peer process and the address."""
        if self.caller is not None:
            return f"account {self.caller.account_id}"
        return f"{self.peer} {self.client_address}"


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call | None:
    """Return the call being served, or None outside one."""
    return _current.get()


def caller() -> Caller:
    """Return the user who calls; only in methods that need a token."""
    call = _served()
    assert call.caller is not None, f"{call.method} takes no token"
    return call.caller


def peer() -> str:
    """Return the name of the process at the other end, such as "orders" or "edge", from its certificate."""
    call = _served()
    assert call.peer is not None, f"{call.method} was let in without an identity"
    return call.peer


def client_address() -> str:
    """Return the network address of the client: what the edge saw, or the other end of the connection."""
    return _served().client_address


def received_time_ns() -> int:
    """Return when the call came, in nanoseconds since 1970."""
    return _served().received_time_ns


def remaining() -> float | None:
    """Return the seconds left until the deadline of the call; None outside a call and without a deadline."""
    call = _current.get()
    if call is None or call.deadline is None:
        return None
    return call.deadline - asyncio.get_running_loop().time()


def respond_with(name: str, value: str) -> None:
    """Add trailing metadata to the answer, such as `x-engine-seq`."""
    _served().trailers[name] = value


async def drained() -> None:
    """Wait until the server drains; a stream that can end by itself should end then."""
    await _served().draining.wait()


def begin(call: Call) -> None:
    """Make `call` the current one of this task; for the gate only."""
    _current.set(call)


def _served() -> Call:
    call = _current.get()
    assert call is not None, "no call is being served here"
    return call
