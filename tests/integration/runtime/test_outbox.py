"""The outbox on a real PostgreSQL: order, failures, rivals, crashes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.kernel.clock import SystemClock
from services.kernel.entropy import SystemEntropy
from services.kernel.refusal import Unavailable
from services.runtime import outbox
from services.runtime.outbox import Deliver, Outbox, Row
from services.runtime.postgres import Pool, transaction
from tests.integration.runtime.leases import end_lease

LIMIT = timedelta(seconds=10)


class Inbox:
    """What arrived."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.fail: list[Exception] = []

    async def deliver(self, row: Row) -> None:
        if self.fail:
            raise self.fail.pop()
        self.rows.append(row)

    @property
    def payloads(self) -> list[bytes]:
        return [row.payload for row in self.rows]


@asynccontextmanager
async def dispatching(pool: Pool, deliveries: Mapping[str, Deliver]) -> AsyncIterator[Outbox]:
    box = Outbox(pool, deliveries, SystemClock(), SystemEntropy(), CollectorRegistry())
    task = asyncio.ensure_future(box.run())
    try:
        yield box
    finally:
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=LIMIT.total_seconds())
        assert ended


async def add(pool: Pool, payload: bytes, destination: str = "kafka") -> int:
    async with transaction(pool) as connection:
        return await outbox.add(connection, destination, "key", payload)


async def add_and_fail(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await outbox.add(connection, "kafka", "key", b"never")
        raise LookupError


async def test_rows_arrive_in_order_and_leave_the_table(pool: Pool) -> None:
    inbox = Inbox()
    first = await add(pool, b"0")
    async with dispatching(pool, {"kafka": inbox.deliver}) as box:
        last = first
        for number in range(1, 10):
            last = await add(pool, str(number).encode())
        assert await box.delivered(last, LIMIT)
    assert inbox.payloads == [str(number).encode() for number in range(10)]
    assert inbox.rows[0].outbox_id == first
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_transaction_that_rolls_back_sends_nothing(pool: Pool) -> None:
    inbox = Inbox()
    async with dispatching(pool, {"kafka": inbox.deliver}) as box:
        with pytest.raises(LookupError):
            await add_and_fail(pool)
        assert await box.delivered(await add(pool, b"sent"), LIMIT)
    assert inbox.payloads == [b"sent"]


async def test_a_failure_is_tried_again_and_nothing_overtakes_it(pool: Pool) -> None:
    inbox = Inbox()
    inbox.fail = [Unavailable("down"), OSError("down")]
    await add(pool, b"1")
    async with dispatching(pool, {"kafka": inbox.deliver}) as box:
        assert await box.delivered(await add(pool, b"2"), LIMIT)
    assert inbox.payloads == [b"1", b"2"]


async def test_a_destination_that_is_down_holds_up_no_other(pool: Pool) -> None:
    inbox = Inbox()

    async def down(_row: Row) -> None:
        raise Unavailable("down")

    async with dispatching(pool, {"engine": down, "kafka": inbox.deliver}) as box:
        stuck = await add(pool, b"stuck", "engine")
        assert await box.delivered(await add(pool, b"through"), LIMIT)
        assert not await box.delivered(stuck, timedelta(0))
    assert inbox.payloads == [b"through"]


async def test_rivals_deliver_once_between_them_and_take_over(pool: Pool) -> None:
    inbox = Inbox()
    async with dispatching(pool, {"kafka": inbox.deliver}) as heir:
        async with dispatching(pool, {"kafka": inbox.deliver}) as box:
            assert await box.delivered(await add(pool, b"1"), LIMIT)
        assert await heir.delivered(await add(pool, b"2"), LIMIT)
    assert inbox.payloads == [b"1", b"2"]


async def test_a_lost_connection_is_replaced(pool: Pool) -> None:
    inbox = Inbox()
    async with dispatching(pool, {"kafka": inbox.deliver}) as box:
        assert await box.delivered(await add(pool, b"1"), LIMIT)
        await end_lease(pool)
        assert await box.delivered(await add(pool, b"2"), LIMIT)
    assert inbox.payloads == [b"1", b"2"]


async def test_a_dispatcher_that_lost_its_connection_ends_when_told(pool: Pool) -> None:
    inbox = Inbox()
    async with dispatching(pool, {"kafka": inbox.deliver}) as box:
        assert await box.delivered(await add(pool, b"1"), LIMIT)
        await end_lease(pool)


async def test_ids_are_in_the_order_of_commits(pool: Pool) -> None:
    async def writer(number: int) -> None:
        async with transaction(pool) as connection:
            row_id = await outbox.next_id(connection)
            await outbox.add(connection, "nobody", "key", row_id.to_bytes(8, "big"), outbox_id=row_id)
            assert await connection.fetchval("SELECT count(*) FROM outbox") == row_id, number

    await asyncio.gather(*(writer(number) for number in range(20)))
