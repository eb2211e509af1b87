"""Instruments that several writers hear of at the same moment."""

import asyncio

from services.orders import instrument_rows
from services.orders.model.instrument import Scales
from services.runtime import migrate
from services.runtime.postgres import connect, connection, transaction

WRITERS = 4
ROUNDS = 400


async def test_writers_that_hear_of_one_at_the_same_moment_all_go_on(postgres: str) -> None:
    await migrate.apply(postgres, migrate.folder_of("orders"))
    async with connect(postgres) as pool:

        async def hear(number: int) -> None:
            async with transaction(pool) as writer:
                await instrument_rows.know(writer, [(number, Scales(f"S{number}-KK99", 2, 4, 6))])

        for number in range(1, ROUNDS + 1):
            await asyncio.gather(*(hear(number) for _ in range(WRITERS)))
        async with connection(pool) as reader:
            assert await reader.fetchval("SELECT count(*) FROM instrument") == ROUNDS
