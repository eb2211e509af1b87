"""The private events in the engine's blocks: whose they are, and their numbers. Their content stays as it came.

In the history, events of an account stand one after the other: a header (`account_seq`, `engine_seq`, engine time in
nanoseconds, length; 64, 64, 64 and 32 bits, little-endian), then the engine's event.
"""

import struct
from collections.abc import Iterator

from exchange.engine.v1.engine_events_pb2 import EventBlock
from services.kernel.ids import AccountId, EngineSeq
from services.orders import _history
from services.orders.model.account_stream import PrivateEvent

_HEADER = struct.Struct("<QQqI")


def private_events(block: EventBlock) -> tuple[list[PrivateEvent], bool]:
    """Return the private events of a block in its order, and whether it lists or changes an instrument.

    An event of two accounts comes twice, each with its own number.
    """
    events, lists_instruments = _history.private_events_of(block.SerializeToString())
    return list(map(PrivateEvent._make, events)), lists_instruments


def parted(account_id: AccountId, kept: bytes) -> Iterator[PrivateEvent]:
    """Read events of one account as the history keeps them."""
    place = 0
    while place < len(kept):
        account_seq, engine_seq, time_ns, length = _HEADER.unpack_from(kept, place)
        place += _HEADER.size + length
        yield PrivateEvent(account_id, account_seq, EngineSeq(engine_seq), time_ns, kept[place - length : place])
