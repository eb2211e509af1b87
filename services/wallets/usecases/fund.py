"""Fund: play money through the path that a deposit takes."""

from dataclasses import dataclass

from services.kernel.ids import AccountId, RequestId
from services.kernel.money import AmountError, units_of
from services.kernel.refusal import RelayedRefusal
from services.wallets.errors import AmountOutOfRange, RequestIdReused, UnknownAsset
from services.wallets.model import Asset, EngineTransfer, TransferState
from services.wallets.ports import Assets, Transfers

MAX_AMOUNT = 1_000_000_000
"""Most of an asset that one request may give, in whole units."""


@dataclass(frozen=True, slots=True)
class FundCommand:
    """Who gets how much of what; `amount` is decimal text."""

    account_id: AccountId
    request_id: RequestId
    asset: str
    amount: str


class Fund:
    """Books value in from outside and waits until the engine has it."""

    def __init__(self, assets: Assets, transfers: Transfers) -> None:
        self._assets = assets
        self._transfers = transfers

    async def run(self, command: FundCommand) -> EngineTransfer:
        """Return the transfer, applied. The same request again returns the same transfer.

        Raises `UnknownAsset`, `AmountOutOfRange`, `RequestIdReused`, `Unavailable`, and what the engine refused.
        """
        asset = await self._assets.by_symbol(command.asset)
        if asset is None:
            raise UnknownAsset(f"No asset {command.asset} is listed; ListInstruments shows which are.")
        amount = _units(command.amount, asset)
        transfer, is_new = await self._transfers.request_in(command.account_id, asset, amount, command.request_id)
        if not is_new and (transfer.asset_id, transfer.amount) != (asset.asset_id, amount):
            raise RequestIdReused("This request_id named another transfer; choose a new one.")
        transfer = await self._transfers.settled(transfer.transfer_seq)
        if transfer.state is TransferState.REFUSED:
            assert transfer.reason is not None
            raise RelayedRefusal(
                transfer.reason, "The engine refused the transfer for good; ask again with a new request_id."
            )
        return transfer


def _units(text: str, asset: Asset) -> int:
    try:
        units = units_of(text, asset.engine_scale)
    except AmountError as error:
        raise AmountOutOfRange(f"Amount {error}; {asset.symbol} has {asset.engine_scale} decimals.") from error
    if not 0 < units <= MAX_AMOUNT * 10**asset.engine_scale:
        raise AmountOutOfRange(f"Give an amount above 0 and at most {MAX_AMOUNT}.")
    return units
