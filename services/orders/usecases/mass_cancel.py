"""Cancels all open orders of an account that match."""

from services.kernel.clock import Clock
from services.orders.model.request import MassCancel, MassCancelDraft, MassCancelled
from services.orders.ports import Engine, Instruments
from services.orders.relayed import refusal_of_mass_cancel
from services.orders.usecases.translate import valid_until


async def mass_cancel(draft: MassCancelDraft, instruments: Instruments, engine: Engine, clock: Clock) -> MassCancelled:
    """Cancel what matches and tell how many that were.

    Raises `UnknownInstrument`, what the engine refuses, `Unavailable` when the outcome is not known.
    """
    cancel = await to_cancel(draft, instruments, clock)
    outcome = await engine.mass_cancel(cancel)
    if outcome.reason:
        raise refusal_of_mass_cancel(cancel, outcome)
    return MassCancelled(outcome.cancelled_count, outcome.engine_seq, outcome.replayed)


async def to_cancel(draft: MassCancelDraft, instruments: Instruments, clock: Clock) -> MassCancel:
    """Return the request as the engine takes it; raises `UnknownInstrument`."""
    return MassCancel(
        account_id=draft.account_id,
        instrument=await instruments.with_symbol(draft.symbol) if draft.symbol else None,
        side=draft.side,
        session_id=draft.session_id,
        tag=draft.tag,
        request_id=draft.request_id,
        valid_until_ns=valid_until(draft.valid_until_ns, clock.now_ns()),
    )
