"""What ended the trading of accounts, read from the history: the port `Endings`."""

from services.kernel.ids import AccountId
from services.orders.convert.endings import ending_of
from services.orders.model.twap import Ending
from services.orders.ports import AccountHistory, Seen

EVENTS_A_READ = 1_000


class AccountEndings:
    """The port `Endings` over the private events of accounts."""

    def __init__(self, history: AccountHistory) -> None:
        self._history = history

    async def after(self, account_id: AccountId, account_seq: int) -> Seen:
        """Return all after a private event, in order; raises `Unavailable`."""
        endings: list[Ending] = []
        while events := await self._history.after(account_id, account_seq, EVENTS_A_READ):
            endings += [ending for event in events if (ending := ending_of(event))]
            account_seq = events[-1].account_seq
        return Seen(endings, account_seq)
