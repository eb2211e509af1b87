"""The shard of this process on the event loop: `_core`, and a descriptor that says when something became durable."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from services.engine import _core
from services.engine.errors import DiskFull, JournalDied, PositionUnknown, SnapshotFailed, StateDiverged
from services.engine.model import ShardState
from services.engine.ports import Pending

_SIGNAL_BYTES = 8

_log = structlog.get_logger(__name__)


class LocalShard:
    """`ports.Shard` over the engine in C++. Calls into it are inline: an executor would cost more than the call."""

    def __init__(self, engine: _core.Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._durable_seq = engine.durable()
        self._applied_seq = self._durable_seq
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._published = asyncio.Event()
        self._died = asyncio.Event()
        self._loop.add_reader(engine.fileno(), self._wake)

    @property
    def published_seq(self) -> int:
        """The last command whose events can be read."""
        return self._engine.published()

    @property
    def durable_seq(self) -> int:
        """The last durable command that this loop has heard of."""
        return self._durable_seq

    def apply(self, batch: bytes, now_ns: int, allowed_kinds: int) -> Pending:
        """Apply a batch inline."""
        queue_length = self._applied_seq - self._durable_seq
        try:
            ticket, answer = self._engine.apply(batch, now_ns, allowed_kinds)
        except _core.JournalFailed as error:
            raise JournalDied from error
        self._applied_seq = max(self._applied_seq, ticket)
        return Pending(answer, self.until_durable(ticket), queue_length if ticket else None)

    def query(self, account_id: int) -> Pending | None:
        """Read an account."""
        found = self._engine.query(account_id)
        return Pending(found[1], self.until_durable(found[0])) if found else None

    def snapshot_parts(self) -> tuple[int, Sequence[bytes]]:
        """Read all books."""
        return self._engine.snapshot_parts()

    def read_events(self, after_seq: int, max_bytes: int) -> tuple[int, bytes]:
        """Read the event log."""
        try:
            return self._engine.read_events(after_seq, max_bytes)
        except _core.PositionGone as error:
            raise PositionUnknown(f"{error}; start from a snapshot.") from error

    def instruments_in(self, response: bytes) -> bytes:
        """Leave out all that does not concern instruments."""
        return _core.keep_instruments(response)

    def heartbeat(self) -> bytes:
        """Tell how far the log is."""
        return self._engine.heartbeat()

    def heartbeat_without_instruments(self, after_seq: int) -> tuple[int, bytes] | None:
        """Tell how far the log is, if nothing after a position concerns instruments."""
        return self._engine.heartbeat_without_instruments(after_seq)

    def next_deadline(self) -> int | None:
        """Tell when time has work to do."""
        return self._engine.next_deadline()

    def until_durable(self, engine_seq: int) -> asyncio.Future[None]:
        """Return a future of the command; those of one loop are asked for in the order of the commands."""
        future: asyncio.Future[None] = self._loop.create_future()
        if engine_seq <= self._durable_seq:
            future.set_result(None)
        elif self._died.is_set():
            _fail(future)
        else:
            self._waiting.append((engine_seq, future))
        return future

    async def published_beyond(self, engine_seq: int, limit: timedelta) -> bool:
        """Wait for events."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                while self._engine.published() <= engine_seq:
                    await self._published.wait()
        except TimeoutError:
            return False
        return True

    async def state(self, *, with_hash: bool) -> ShardState:
        """Read the state, and wait until it is durable."""
        try:
            state = _state(self._engine.state(with_hash))
        except _core.StateDiverged as error:
            raise StateDiverged(str(error)) from error
        await self.until_durable(state.engine_seq)
        return state

    async def take_snapshot(self) -> ShardState:
        """Write a snapshot in a thread: it waits for the disk, and for the core that follows."""
        try:
            return _state(await asyncio.to_thread(self._engine.take_snapshot))
        except _core.JournalFailed as error:
            raise JournalDied from error
        except _core.StateDiverged as error:
            raise StateDiverged(str(error)) from error
        except (_core.StorageError, _core.LogCorrupt) as error:
            _log.error("snapshot_failed", error=str(error))
            raise SnapshotFailed(str(error)) from error

    async def alive(self) -> None:
        """Raise `JournalFailed` if nothing becomes durable any more."""
        self._engine.durable()

    async def has_space(self) -> None:
        """Raise `DiskFull` while commands are refused for want of space."""
        if self._engine.full():
            raise DiskFull

    async def watch(self) -> None:
        """Wait until the journal dies, then raise what it died of."""
        await self._died.wait()
        self._engine.durable()

    async def close(self) -> None:
        """Take a last snapshot, held against the core at work, and commit what is queued; raises `StateDiverged`."""
        self._loop.remove_reader(self._engine.fileno())
        try:
            with suppress(SnapshotFailed, JournalDied):  # the next start replays the journal instead
                await asyncio.to_thread(self._engine.state, with_hash=True)
                await self.take_snapshot()
        except _core.StateDiverged as error:
            raise StateDiverged(str(error)) from error
        finally:
            await asyncio.to_thread(self._engine.close)

    def _wake(self) -> None:
        try:
            os.read(self._engine.fileno(), _SIGNAL_BYTES)
            self._durable_seq = self._engine.durable()
        except BlockingIOError:
            return
        except _core.JournalFailed as error:
            self._die(error)
        while self._waiting and self._waiting[0][0] <= self._durable_seq:
            _finish(self._waiting.popleft()[1])
        self._published.set()
        self._published = asyncio.Event()

    def _die(self, error: _core.JournalFailed) -> None:
        _log.critical("journal_failed", error=str(error))
        self._died.set()
        while self._waiting:
            _fail(self._waiting.popleft()[1])


@asynccontextmanager
async def open_shard(recover: Callable[[], _core.Engine]) -> AsyncIterator[tuple[LocalShard, _core.Recovery]]:
    """Recover a shard in a thread, and close it with a snapshot; raises `LogCorrupt`, `StorageError`."""
    engine = await asyncio.to_thread(recover)
    local = LocalShard(engine)
    try:
        yield local, engine.recovery()
    finally:
        await local.close()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(JournalDied())
        future.exception()  # marks it as seen: its stream may have gone


def _state(state: _core.State) -> ShardState:
    """Whoever reads a state waits until it is durable: by then the durable command is at least the state's."""
    return ShardState(
        shard=state.shard,
        epoch=state.epoch,
        engine_seq=state.engine_seq,
        durable_seq=max(state.durable_seq, state.engine_seq),
        state_hash=state.state_hash,
        snapshot_seq=state.snapshot_seq,
        engine_time_ns=state.engine_time_ns,
        open_orders=state.open_orders,
    )
