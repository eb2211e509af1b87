"""What every account is opened with, inside a unit of work that others have begun."""

from services.auth.model import AccountOpening, OpeningRequestId
from services.auth.ports import Transaction
from services.kernel.firm import firm_of
from services.kernel.ids import AccountId

TAKER_FEE_PPM = 1_000
MAKER_FEE_PPM = 500


async def open_account(transaction: Transaction, account_id: AccountId) -> OpeningRequestId:
    """Have the engine open an account with the fees of a new one, in the self-trade group of its firm."""
    return await transaction.request_opening(
        AccountOpening(account_id, TAKER_FEE_PPM, MAKER_FEE_PPM, self_trade_group_id=firm_of(account_id))
    )
