"""Between the contracts and the model. Pure."""

from collections.abc import Sequence

from exchange.engine.v1 import command_pb2, engine_events_pb2, engine_service_pb2, instrument_pb2
from exchange.error.v1 import reason_pb2
from exchange.wallets.v1 import sandbox_service_pb2, wallets_service_pb2
from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId, TradeId
from services.kernel.money import text_of
from services.wallets.model import (
    Asset,
    Balance,
    Block,
    EngineTransfer,
    EntryKind,
    Movement,
    TradingBalance,
    TransferOutcome,
)
from services.wallets.usecases.fund import FundCommand

_MOVEMENTS = {
    engine_events_pb2.BALANCE_CHANGE_KIND_TRADE: EntryKind.TRADE,
    engine_events_pb2.BALANCE_CHANGE_KIND_FEE: EntryKind.FEE,
}


def fund_command(account_id: AccountId, request: sandbox_service_pb2.FundRequest) -> FundCommand:
    """Return the command that a request of the account means."""
    return FundCommand(account_id, RequestId(request.request_id), request.asset, request.amount)


def fund_response(transfer: EngineTransfer) -> sandbox_service_pb2.FundResponse:
    """Return the answer about an applied transfer."""
    return sandbox_service_pb2.FundResponse(
        transfer_seq=str(transfer.transfer_seq), engine_seq=str(transfer.engine_seq)
    )


def balances_response(engine_seq: EngineSeq, balances: Sequence[Balance]) -> wallets_service_pb2.ListBalancesResponse:
    """Return the answer that lists balances."""
    return wallets_service_pb2.ListBalancesResponse(
        balances=[_balance(balance) for balance in balances], engine_seq=str(engine_seq)
    )


def transfer_command(transfer: EngineTransfer) -> command_pb2.Command:
    """Return the engine's command for a transfer."""
    return command_pb2.Command(
        transfer_in=command_pb2.TransferIn(
            transfer_seq=transfer.transfer_seq,
            account_id=transfer.account_id,
            asset_id=transfer.asset_id,
            amount=transfer.amount,
        )
    )


def trading_balances(response: engine_service_pb2.QueryResponse) -> tuple[EngineSeq, list[TradingBalance]]:
    """Return the engine's balances of an account, and the command they follow."""
    rows = [TradingBalance(AssetId(row.asset_id), row.available, row.held) for row in response.balances]
    return EngineSeq(response.engine_seq), rows


def block_of(shard: int, epoch: int, block: engine_events_pb2.EventBlock) -> Block:
    """Return what a block of events means to the ledger."""
    assets: list[Asset] = []
    outcomes: list[TransferOutcome] = []
    movements: list[Movement] = []
    totals: dict[tuple[AccountId, AssetId], int] = {}
    for event in block.events:
        match event.WhichOneof("event"):
            case "instrument_updated":
                instrument = event.instrument_updated.instrument
                assets += [_asset(instrument.base), _asset(instrument.quote)]
            case "transfer_updated":
                outcomes.append(_outcome(event.transfer_updated))
            case "balance_changed":
                change = event.balance_changed
                key = (AccountId(change.account_id), AssetId(change.asset_id))
                totals[key] = change.available + change.held
                if kind := _MOVEMENTS.get(change.kind):
                    movements.append(Movement(*key, kind, change.amount, TradeId(change.trade_id)))
    return Block(shard, epoch, EngineSeq(block.engine_seq), tuple(assets), tuple(outcomes), tuple(movements), totals)


def _asset(asset: instrument_pb2.Asset) -> Asset:
    return Asset.of_engine(AssetId(asset.asset_id), asset.symbol, asset.scale)


def _outcome(transfer: engine_events_pb2.TransferUpdated) -> TransferOutcome:
    refused = transfer.reason != reason_pb2.REASON_UNSPECIFIED
    reason = reason_pb2.Reason.Name(transfer.reason).removeprefix("REASON_") if refused else None
    return TransferOutcome(transfer.transfer_seq, reason)


def _balance(balance: Balance) -> wallets_service_pb2.Balance:
    scale = balance.asset.engine_scale
    return wallets_service_pb2.Balance(
        asset=balance.asset.symbol,
        available=text_of(balance.available, scale),
        held=text_of(balance.held, scale),
        in_transit=text_of(balance.in_transit, scale),
        total=text_of(balance.available + balance.held + balance.in_transit, scale),
    )
