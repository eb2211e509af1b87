import pytest

from services.kernel.ids import AccountId, AssetId, EngineSeq, RequestId
from services.wallets.errors import AmountOutOfRange, RequestIdReused, UnknownAsset
from services.wallets.model import Asset, Block, TransferOutcome
from services.wallets.usecases.book_blocks import book_blocks
from services.wallets.usecases.fund import Fund, FundCommand
from tests.fakes.ledger import LedgerFake

KK99 = Asset.of_engine(AssetId(1), "KK99", 6)
ALICE = AccountId(1001)


async def fund(
    amount: str, *, asset: str = "KK99", ledger: LedgerFake | None = None, reason: str | None = None
) -> LedgerFake:
    ledger = ledger or LedgerFake()
    await ledger.add_assets([KK99])

    async def engine(transfer_seq: int) -> None:
        outcome = TransferOutcome(transfer_seq, reason)
        await book_blocks(ledger, [Block(0, 1, EngineSeq(9), (), (outcome,), (), {})])

    ledger.engine = engine
    await Fund(ledger, ledger).run(FundCommand(ALICE, RequestId("r-1"), asset, amount))
    return ledger


async def test_the_amount_is_booked_exactly() -> None:
    ledger = await fund("1000.000001")
    assert ledger.transfers[1].amount == 1_000_000_001
    assert ledger.transfers[1].engine_seq == 9


@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001", "1000000000.000001", "999999999999999999"])
async def test_an_amount_out_of_range_is_refused_and_books_nothing(amount: str) -> None:
    ledger = LedgerFake()
    with pytest.raises(AmountOutOfRange):
        await fund(amount, ledger=ledger)
    assert not ledger.transfers


async def test_an_unknown_asset_is_refused() -> None:
    with pytest.raises(UnknownAsset):
        await fund("1", asset="DOGE")


async def test_the_same_request_again_books_once() -> None:
    ledger = await fund("5")
    await fund("5", ledger=ledger)
    assert len(ledger.transfers) == 1


async def test_a_request_id_with_another_amount_is_refused() -> None:
    ledger = await fund("5")
    with pytest.raises(RequestIdReused):
        await fund("6", ledger=ledger)


async def test_what_the_engine_refuses_is_passed_on() -> None:
    with pytest.raises(Exception, match="engine refused") as caught:
        await fund("5", reason="UNKNOWN_ACCOUNT")
    assert getattr(caught.value, "reason", None) == "UNKNOWN_ACCOUNT"
