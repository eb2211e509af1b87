"""The private events in the engine's blocks: whose they are, and their numbers. Their content stays as it came.

In the history, events of an account stand one after the other: a header (`account_seq`, `engine_seq`, engine time in
nanoseconds, length; 64, 64, 64 and 32 bits, little-endian), then the engine's event.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from exchange.engine.v1.engine_events_pb2 import EventBlock
from services.kernel.ids import AccountId, EngineSeq
from services.orders.model.account_stream import VENUE_ACCOUNTS, PrivateEvent

_HEADER = struct.Struct("<QQqI")

_Owners = Callable[[Any], Iterable[tuple[int, int]]]
_owner = attrgetter("account_id", "account_seq")


def _one(event: Any) -> Iterable[tuple[int, int]]:
    return (_owner(event),)


def _of_order(event: Any) -> Iterable[tuple[int, int]]:
    return ((event.order.account_id, event.account_seq),)


def _of_both(event: Any) -> Iterable[tuple[int, int]]:
    maker = (event.maker_account_id, event.maker_account_seq)
    taker = (event.taker_account_id, event.taker_account_seq)
    return (maker,) if maker == taker else (maker, taker)


OWNERS: dict[str, _Owners] = {
    "order_updated": _of_order,
    "prevented_match": _of_both,
    "balance_changed": _one,
    "position_changed": _one,
    "mass_cancel_done": _one,
    "account_updated": _one,
    "cancel_all_after_changed": _one,
    "option_exercised": _one,
    "liquidation_changed": _one,
    "session_changed": _one,
}
"""How to tell whose a private event is, by its kind. Every other kind is public."""


def private_events(block: EventBlock) -> Iterator[PrivateEvent]:
    """Yield the private events of a block in its order; one of two accounts comes twice, each with its own number."""
    engine_seq, time_ns = EngineSeq(block.engine_seq), block.engine_time_ns
    for event in block.events:
        kind = event.WhichOneof("event")
        owners = OWNERS.get(kind or "")
        if owners is None:
            continue
        content = event.SerializeToString()
        for account_id, account_seq in owners(getattr(event, kind or "")):
            if 0 < account_id < VENUE_ACCOUNTS:
                yield PrivateEvent(AccountId(account_id), account_seq, engine_seq, time_ns, content)


def parted(account_id: AccountId, kept: bytes) -> Iterator[PrivateEvent]:
    """Read events of one account as the history keeps them."""
    place = 0
    while place < len(kept):
        account_seq, engine_seq, time_ns, length = _HEADER.unpack_from(kept, place)
        place += _HEADER.size + length
        yield PrivateEvent(account_id, account_seq, EngineSeq(engine_seq), time_ns, kept[place - length : place])
