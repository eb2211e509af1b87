"""Arms or disarms the guard that cancels all orders of an account which falls silent."""

from services.kernel.ids import AccountId, EngineSeq
from services.orders.ports import Engine
from services.orders.relayed import refusal_of_account

NS_PER_S = 1_000_000_000


async def cancel_all_after(account_id: AccountId, timeout_s: int, engine: Engine) -> EngineSeq:
    """Let the guard fire `timeout_s` seconds from now, or never if 0; return where that stands in the engine's order.

    Raises TIMEOUT_OUT_OF_RANGE, `Unavailable` when the outcome is not known.
    """
    outcome = await engine.cancel_all_after(account_id, timeout_s * NS_PER_S)
    if outcome.reason:
        raise refusal_of_account(outcome)
    return outcome.engine_seq
