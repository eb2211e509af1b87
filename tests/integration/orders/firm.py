"""A firm with sub-accounts, and a subscriber of its drop copy that believes nothing which the numbers do not prove."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from exchange.engine.v1 import admin_service_pb2 as admin
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from exchange.engine.v1.command_pb2 import Command, TransferIn
from exchange.engine.v1.engine_service_pb2 import SubmitRequest, SubmitResponse
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from exchange.orders.v1.account_stream_pb2 import (
    AccountPlace,
    FirmFollow,
    FirmResume,
    StreamAccountRequest,
    StreamAccountResponse,
)
from services.kernel.firm import firm_of, subaccount
from services.kernel.ids import AccountId
from services.kernel.refusal import Refusal
from tests.integration.orders.subscriber import Stream, Subscriber
from tests.integration.orders.venue import Orders
from tests.unit.orders.samples import ALICE, BTC, KK99

FIRM = ALICE
ONE, TWO, THREE = (subaccount(FIRM, number) for number in (1, 2, 3))
DROP_COPY = "drop_copy:read"

FIRST_TRANSFER = 5
"""Number of the first transfer after those of the open market."""


class Funds:
    """Opens sub-accounts as auth does, and funds them as wallets does."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._transfer_seq = FIRST_TRANSFER

    async def open(self, account: AccountId) -> None:
        """Open an account in the group of its firm, with 1,000,000 KK99 and 1,000 BTC."""
        request = admin.OpenAccountRequest(
            account_id=account, self_trade_group_id=firm_of(account), taker_fee_ppm=1_000, maker_fee_ppm=500
        )
        await AdminServiceStub(self._channel).OpenAccount(request, wait_for_ready=True)
        stream = EngineServiceStub(self._channel).Submit()
        transfers = [
            self._transfer(account, asset.asset_id, amount) for asset, amount in ((KK99, 10**12), (BTC, 10**11))
        ]
        await stream.write(SubmitRequest(commands=transfers))
        answer = await stream.read()
        assert isinstance(answer, SubmitResponse)
        assert not any(result.reason for result in answer.results)
        stream.cancel()

    def _transfer(self, account: AccountId, asset_id: int, amount: int) -> Command:
        number, self._transfer_seq = self._transfer_seq, self._transfer_seq + 1
        return Command(
            transfer_in=TransferIn(transfer_seq=number, account_id=account, asset_id=asset_id, amount=amount)
        )


class FirmSubscriber:
    """What one client has received of a firm's accounts, over any number of drop copies."""

    def __init__(self, firm: AccountId = FIRM) -> None:
        self.firm = firm
        self.epoch = 0
        self.accounts: dict[int, Subscriber] = {}
        self.refusals: list[str] = []
        self.order: list[tuple[int, int]] = []
        """Account and number of each event, in the order of their coming."""

    @asynccontextmanager
    async def stream(self, orders: Orders, *, resume: bool = True, scopes: str = DROP_COPY) -> AsyncIterator[Stream]:
        """Open a drop copy that goes on where the last one ended, or anew with snapshots."""
        request = StreamAccountRequest(firm=FirmFollow())
        if resume:
            places = [
                AccountPlace(account_id=str(each.account), account_seq=each.seq) for each in self.accounts.values()
            ]
            request.firm.resume.CopyFrom(FirmResume(epoch=self.epoch, places=places))
        call = orders.stub.StreamAccount(request, metadata=orders.bearer(self.firm, scopes), wait_for_ready=True)
        try:
            yield Stream(self, call)
        finally:
            call.cancel()

    async def refused(self, refusal: Refusal) -> None:
        """Take note, and wait as a client does before it comes again."""
        self.refusals.append(refusal.reason)
        await self._account(self.firm).refused(refusal)

    def take(self, message: StreamAccountResponse) -> None:
        """Check that a message follows the one before about the same account, which is one of the firm."""
        account_id = AccountId(int(message.account_id))
        assert firm_of(account_id) == self.firm
        self.epoch = self.epoch or message.epoch
        self._account(account_id).take(message)
        self.order += [(account_id, event.account_seq) for event in message.events.events]
        for place in message.heartbeat.places:
            assert self._account(int(place.account_id)).seq == place.account_seq

    def seq(self, account: int) -> int:
        """Tell up to which event the account is known."""
        return self.accounts[account].seq if account in self.accounts else 0

    def _account(self, account: int) -> Subscriber:
        known = self.accounts.setdefault(account, Subscriber(account))
        known.epoch = self.epoch
        return known


async def until(stream: Stream, subscriber: FirmSubscriber, **lasts: int) -> None:
    """Read until these accounts (`firm`, `one`, `two`, `three`) were told up to these events."""
    names = {"firm": FIRM, "one": ONE, "two": TWO, "three": THREE}
    while any(subscriber.seq(names[name]) < last for name, last in lasts.items()):
        await stream.next()
