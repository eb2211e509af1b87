"""The ledger's projection of the engine's events: decode, use case; differences are told, loudly."""

import structlog
from prometheus_client import CollectorRegistry, Counter

from services.kernel.clock import Clock
from services.runtime.consumer import Run
from services.runtime.postgres import Connection
from services.wallets import convert
from services.wallets.store import LedgerStore
from services.wallets.usecases.book_blocks import book_blocks

_log = structlog.get_logger(__name__)


class LedgerConsumer:
    """Books each run of blocks in the transaction that stores the position."""

    def __init__(self, clock: Clock, registry: CollectorRegistry) -> None:
        self._clock = clock
        self._differences = Counter(
            "exchange_ledger_differences",
            "Times that a trading balance of the ledger differed from the engine's at the same command.",
            registry=registry,
        )

    async def apply(self, connection: Connection, run: Run) -> None:
        """Book the run."""
        blocks = [convert.block_of(run.shard, run.epoch, block) for block in run.blocks]
        ledger = LedgerStore(connection, self._clock.now())
        for difference in await book_blocks(ledger, blocks):
            self._differences.inc()
            _log.error(
                "ledger_differs",
                account_id=difference.account_id,
                asset_id=difference.asset_id,
                ledger=difference.ledger,
                engine=difference.engine,
                engine_seq=blocks[-1].engine_seq,
            )
