"""Tells a repeated request from a reused id: a 64-bit hash over what a request means.

1. Every codec of the exchange computes the same value, in any language and any version; the vectors of the unit tests
   are part of the definition.
2. Metadata is left out: a request that is repeated with another `valid_until` is the same request.
3. Account and id are left out: fingerprints are compared only within one account's id.

The hash runs over 64-bit words: `h = mix(h ^ word)` from `h = 0`, all modulo 2^64, with MurmurHash3's finalizer as
`mix`. `mix` is a bijection, so requests that differ in a single word never share a fingerprint.

Words of an order: 1 | side << 8 | type << 16 | time_in_force << 24 | post_only << 32 | self_trade_prevention << 40,
then instrument_id, price, quantity, quote_budget (two's complement). Defaults are filled in before.
Words of a cancel by number: 2, then order_id. By client id: 3 | length << 8, then the id's ASCII bytes, little-endian,
padded with zeros to five words.
"""

from services.orders.model.request import Cancel, NewOrder

_WORD = 2**64 - 1
_CLIENT_ORDER_ID_BYTES = 40


def fingerprint_of_order(order: NewOrder) -> int:
    """Return the fingerprint of an order to enter, unsigned."""
    flags = (
        1
        | order.side << 8
        | order.type << 16
        | order.time_in_force << 24
        | order.post_only << 32
        | order.self_trade_prevention << 40
    )
    return _hash(flags, order.instrument.instrument_id, order.price, order.quantity, order.quote_budget)


def fingerprint_of_cancel(cancel: Cancel) -> int:
    """Return the fingerprint of a cancel, unsigned."""
    if isinstance(cancel.order, int):
        return _hash(2, cancel.order)
    name = cancel.order.encode("ascii")
    padded = name.ljust(_CLIENT_ORDER_ID_BYTES, b"\0")
    words = (int.from_bytes(padded[i : i + 8], "little") for i in range(0, _CLIENT_ORDER_ID_BYTES, 8))
    return _hash(3 | len(name) << 8, *words)


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
