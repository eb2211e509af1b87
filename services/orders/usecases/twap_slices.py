"""Lets TWAPs go on: decides on the slice whose time it is, sends it, counts what it did.

1. What is sent was stored before. The engine takes the id of a slice once, so that whoever sends it again, after any
   crash, learns what it did; when the engine has forgotten the id, the slice is no longer valid, and the history knows.
2. No slice is decided on before all is known that ended the account's trading: the engine says how far it is, and the
   history must have come there. A slice waits while that cannot be had.
3. Of a TWAP that is stopped, a slice that the engine has not seen never enters: its id is used for nothing instead.
"""

from services.kernel.clock import Clock
from services.kernel.refusal import Unavailable
from services.orders.model.order import Order, slice_id
from services.orders.model.twap import (
    SliceOutcome,
    Stop,
    Twap,
    held_against,
    outcome_of_slice,
    settled,
    slice_order,
    sliced,
    stopped,
)
from services.orders.ports import Endings, Engine, History, Instruments, Twaps

RESERVED = "ORDER_NOT_FOUND"
_NO_FINGERPRINT = 0
_EXPIRED = "REQUEST_EXPIRED"
_REUSED = "CLIENT_ORDER_ID_REUSED"


class TwapSlices:
    """The slices of all TWAPs. Anybody may do any of it at any time, and twice: each slice is sent and counted once."""

    def __init__(
        self,
        twaps: Twaps,
        endings: Endings,
        *,
        instruments: Instruments,
        engine: Engine,
        history: History,
        clock: Clock,
    ) -> None:
        self._twaps = twaps
        self._endings = endings
        self._instruments = instruments
        self._engine = engine
        self._history = history
        self._clock = clock

    async def go_on(self, twap: Twap) -> Twap:
        """Do what is due. Raises `Unavailable`: it is still due then."""
        await self._reach()
        twap = await self.refresh(twap)
        instrument = await self._instruments.with_id(twap.instrument_id)
        now_ns = self._clock.now_ns()
        twap = await self._twaps.change(twap.twap_id, lambda each: sliced(each, instrument, now_ns))
        return await self.finish(twap)

    async def stop(self, twap: Twap, stop: Stop) -> Twap:
        """End it, with the slice on its way. Raises `Unavailable`: it ends all the same, once that can be had."""
        now_ns = self._clock.now_ns()
        return await self.finish(await self._twaps.change(twap.twap_id, lambda each: stopped(each, stop, now_ns)))

    async def refresh(self, twap: Twap) -> Twap:
        """Hold it against all that the history tells of its account's trading. Raises `Unavailable`."""
        if not twap.is_open:
            return twap
        seen = await self._endings.after(twap.account_id, twap.seen_seq)
        if seen.account_seq == twap.seen_seq:
            return twap
        return await self._twaps.change(twap.twap_id, lambda each: held_against(each, seen.endings, seen.account_seq))

    async def finish(self, twap: Twap) -> Twap:
        """See the slice on its way through, if there is one. Raises `Unavailable`."""
        if twap.on_its_way is None:
            return twap
        outcome = await (self._sent(twap) if twap.stop is None else self._kept_back(twap))
        now_ns = self._clock.now_ns()
        return await self._twaps.change(twap.twap_id, lambda each: settled(each, outcome, now_ns), outcome)

    async def _sent(self, twap: Twap) -> SliceOutcome:
        """Send the slice, for the first time or again, and tell what it did."""
        asked = twap.on_its_way
        assert asked is not None
        outcome = await self._engine.place(slice_order(twap, await self._instruments.with_id(twap.instrument_id)))
        if outcome.reason == _EXPIRED:
            return outcome_of_slice(asked, *await self._remembered(twap))
        return outcome_of_slice(asked, outcome.order, outcome.reason)

    async def _kept_back(self, twap: Twap) -> SliceOutcome:
        """Use the slice's id for nothing; if the engine has the slice already, tell what it did."""
        asked = twap.on_its_way
        assert asked is not None
        name = slice_id(twap.twap_id, asked.place)
        outcome = await self._engine.reserve_id(twap.account_id, name, _NO_FINGERPRINT, asked.valid_until_ns)
        if outcome.reason == _REUSED:
            return await self._sent(twap)
        if outcome.reason == _EXPIRED:
            return outcome_of_slice(asked, *await self._remembered(twap))
        if outcome.reason != RESERVED:
            raise Unavailable("The engine has no room to take a slice back right now; retry.")
        return outcome_of_slice(asked, None, "")

    async def _remembered(self, twap: Twap) -> tuple[Order | None, str]:
        """Tell from the history what became of a slice that is no longer valid, if it ever came to the engine."""
        asked = twap.on_its_way
        assert asked is not None
        await self._reach()
        told = await self._history.find(twap.account_id, slice_id(twap.twap_id, asked.place))
        return (told.order, told.order.reject_reason) if told else (None, _EXPIRED)

    async def _reach(self) -> None:
        """Wait until the history has come as far as the engine is now."""
        horizon = await self._engine.horizon()
        if not horizon.certain:
            raise Unavailable("The engine does not answer; what is due waits.")
        await self._history.reach(horizon.engine_seq)
