"""What private streams need from outside, in memory. Each passes its suite in tests/contract/orders."""

from collections.abc import Sequence

from exchange.engine.v1.engine_service_pb2 import QueryResponse
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import RelayedRefusal, Unavailable
from services.orders.model.account_stream import AccountState, PrivateEvent


class AccountHistoryFake:
    """Private events that were written down, up to command `reached`; `reachable = False` takes the store away."""

    def __init__(self) -> None:
        self.reached = EngineSeq(0)
        self.reachable = True
        self._events: dict[AccountId, list[PrivateEvent]] = {}

    def write(self, events: Sequence[PrivateEvent], engine_seq: EngineSeq) -> None:
        for event in events:
            self._events.setdefault(event.account_id, []).append(event)
        self.reached = engine_seq

    async def after(self, account_id: AccountId, account_seq: int, limit: int) -> Sequence[PrivateEvent]:
        if not self.reachable:
            raise Unavailable("The store does not answer; retry.")
        return [event for event in self._events.get(account_id, []) if event.account_seq > account_seq][:limit]

    async def reach(self, engine_seq: EngineSeq) -> None:
        if self.reached < engine_seq or not self.reachable:
            raise Unavailable("The history is behind; retry.")


class AccountStatesFake:
    """Accounts by number, each with the number of its last private event, as of one command."""

    def __init__(self) -> None:
        self.engine_seq = EngineSeq(0)
        self.accounts: dict[AccountId, int] = {}

    async def account(self, account_id: AccountId) -> AccountState:
        if account_id not in self.accounts:
            raise RelayedRefusal("UNKNOWN_ACCOUNT", "The engine does not know this account yet.")
        account_seq = self.accounts[account_id]
        answer = QueryResponse(engine_seq=self.engine_seq, account_seq=account_seq)
        return AccountState(account_id, self.engine_seq, account_seq, answer.SerializeToString())
