"""ListBalances: what an account owns, inside the engine and on its way there."""

from collections.abc import Sequence

from services.kernel.ids import AccountId, EngineSeq
from services.wallets.model import Balance, TradingBalance
from services.wallets.ports import Assets, InTransit, Trading


class ListBalances:
    """Joins the engine's balances with what is in transit."""

    def __init__(self, assets: Assets, trading: Trading, in_transit: InTransit) -> None:
        self._assets = assets
        self._trading = trading
        self._in_transit = in_transit

    async def run(self, account_id: AccountId) -> tuple[EngineSeq, Sequence[Balance]]:
        """Return the balances that are not zero by symbol, and the command of the engine they follow.

        The transit is read first, so that no amount is missing; one that may have arrived in between, and would be
        shown twice, is counted again as of that command. Raises `Unavailable` if the ledger lags behind it.
        """
        transit = await self._in_transit.in_transit(account_id)
        engine_seq, trading = await self._trading.balances(account_id)
        if transit and trading:
            transit = await self._in_transit.in_transit_after(account_id, engine_seq)
        assets = await self._assets.all()
        inside = {balance.asset_id: balance for balance in trading}
        rows = []
        for asset_id in inside.keys() | transit.keys():
            asset, nothing = assets[asset_id], TradingBalance(asset_id, 0, 0)
            balance = inside.get(asset_id, nothing)
            rows.append(Balance(asset, balance.available, balance.held, asset.in_engine(transit.get(asset_id, 0))))
        return engine_seq, sorted(rows, key=lambda row: row.asset.symbol)
