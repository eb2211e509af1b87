"""Instruments as the tables know them, added by whoever hears of one first: a TWAP may come before the history."""

from collections.abc import Iterable

from services.orders.model.instrument import Scales
from services.runtime.postgres import Connection

# No constraint is named: of two that write the same row at the same moment, one would fail by a constraint that is not.
_KNOW = """
    INSERT INTO instrument (instrument_id, symbol, price_scale, quantity_scale, quote_scale)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::smallint[], $5::smallint[])
    ON CONFLICT DO NOTHING
"""


async def know(connection: Connection, instruments: Iterable[tuple[int, Scales]]) -> None:
    """Add what is not known of these, by number; what is known stays as it is."""
    rows = [(number, of.symbol, of.price, of.quantity, of.quote) for number, of in instruments]
    if rows:
        await connection.execute(_KNOW, *zip(*rows, strict=True))
