"""Tells a repeated request from a reused id: a 64-bit hash over what a request means.

1. Every codec of the exchange computes the same value, in any language and any version; the vectors of the unit tests
   are part of the definition.
2. Metadata is left out: a request that is repeated with another `valid_until`, or by another session, is the same
   request; so is the instrument that an amend names, which is its order's or it changes nothing.
3. Account and id are left out: fingerprints are compared only within one account's id.

The hash runs over 64-bit words: `h = mix(h ^ word)` from `h = 0`, all modulo 2^64, with MurmurHash3's finalizer as
`mix`. `mix` is a bijection, so requests that differ in a single word never share a fingerprint.

Words of an order: 1 | side << 8 | type << 16 | time_in_force << 24 | post_only << 32 | self_trade_prevention << 40,
then instrument_id, price, quantity, quote_budget (two's complement), then its terms, but not when a DAY order expires:
that is worked out for it, and comes out later when the request is repeated later. Defaults are filled in before.
Words of a cancel by number: 2, then order_id. By client id: 3 | length << 8, then the id's ASCII bytes, little-endian,
padded with zeros to five words.
Words of an amend: as those of a cancel with 4 in place of 2 and 6 in place of 3, then its terms. Words of a mass
cancel: 5, then its terms.
Words of a TWAP: as those of an order with 7 in place of 1, then duration and interval in seconds, then its terms.
Terms are what is present and not the default, in the order of the field numbers of the engine's command: for each that
number, then its value. So a command that gains a field keeps the fingerprints that it had without.
"""

from collections.abc import Iterator

from services.orders.model.request import Amend, Cancel, MassCancel, NewOrder
from services.orders.model.twap import NewTwap
from services.orders.model.words import TimeInForce

_WORD = 2**64 - 1
_CLIENT_ORDER_ID_BYTES = 40


def fingerprint_of_order(order: NewOrder) -> int:
    """Return the fingerprint of an order to enter, unsigned."""
    return _hash(*_words_of_order(1, order), *_words_of(_terms_of_order(order)))


def fingerprint_of_twap(twap: NewTwap) -> int:
    """Return the fingerprint of a TWAP to enter, unsigned."""
    schedule = (twap.schedule.duration_s, twap.schedule.interval_s)
    return _hash(*_words_of_order(7, twap.order), *schedule, *_words_of(_terms_of_order(twap.order)))


def _words_of_order(kind: int, order: NewOrder) -> tuple[int, ...]:
    flags = (
        kind
        | order.side << 8
        | order.type << 16
        | order.time_in_force << 24
        | order.post_only << 32
        | order.self_trade_prevention << 40
    )
    return flags, order.instrument.instrument_id, order.price, order.quantity, order.quote_budget


def _terms_of_order(order: NewOrder) -> dict[int, int | None]:
    terms = order.terms
    asked_to_expire = order.time_in_force is not TimeInForce.DAY
    return {
        14: terms.trigger_price,
        15: terms.trigger_reference or None,
        16: terms.trailing_ticks or None,
        17: terms.trailing_bps or None,
        18: terms.display_quantity or None,
        19: terms.min_quantity or None,
        20: (asked_to_expire and terms.expire_time_ns) or None,
        21: terms.post_only_reprice or None,
        22: terms.reduce_only or None,
        23: terms.peg_reference or None,
        24: terms.peg_offset_ticks or None,
        25: terms.tag or None,
        28: terms.survive_disconnect or None,
    }


def fingerprint_of_cancel(cancel: Cancel) -> int:
    """Return the fingerprint of a cancel, unsigned."""
    if isinstance(cancel.order, int):
        return _hash(2, cancel.order)
    return _hash(3 | len(cancel.order) << 8, *_words_of_name(cancel.order))


def fingerprint_of_amend(amend: Amend) -> int:
    """Return the fingerprint of a change of an order, unsigned."""
    terms = {
        4: amend.quantity,
        6: amend.price,
        7: amend.display_quantity,
        8: amend.expire_time_ns,
        9: amend.trigger_price,
        10: amend.expected_version or None,
    }
    if isinstance(amend.order, int):
        return _hash(4, amend.order, *_words_of(terms))
    return _hash(6 | len(amend.order) << 8, *_words_of_name(amend.order), *_words_of(terms))


def fingerprint_of_mass_cancel(cancel: MassCancel) -> int:
    """Return the fingerprint of a mass cancel, unsigned."""
    terms = {
        2: cancel.instrument.instrument_id if cancel.instrument else None,
        3: cancel.side,
        4: cancel.session_id,
        5: cancel.tag,
    }
    return _hash(5, *_words_of(terms))


def _words_of_name(name: str) -> Iterator[int]:
    padded = name.encode("ascii").ljust(_CLIENT_ORDER_ID_BYTES, b"\0")
    return (int.from_bytes(padded[i : i + 8], "little") for i in range(0, _CLIENT_ORDER_ID_BYTES, 8))


def _words_of(terms: dict[int, int | None]) -> Iterator[int]:
    for number, value in terms.items():
        if value is not None:
            yield from (number, value)


def _hash(*words: int) -> int:
    h = 0
    for word in words:
        h = _mix(h ^ (word & _WORD))
    return h


def _mix(k: int) -> int:
    """Scramble a word: the 64-bit finalizer of MurmurHash3."""
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & _WORD
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & _WORD
    return k ^ k >> 33
