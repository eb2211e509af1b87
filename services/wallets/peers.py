"""The engine, as wallets sees it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import grpc

from exchange.engine.v1.command_pb2 import Command
from exchange.engine.v1.engine_service_pb2 import QueryRequest
from exchange.engine.v1.engine_service_pb2_grpc import EngineServiceStub
from services.kernel.ids import AccountId, EngineSeq
from services.kernel.refusal import Refusal, Unavailable
from services.runtime.grpc_client import invoke
from services.runtime.outbox import Row
from services.runtime.refusals import name_of
from services.runtime.submitter import Submitter
from services.wallets import convert
from services.wallets.model import TradingBalance

TRANSFER_LIMIT = timedelta(seconds=10)
"""How long a transfer may wait for its answer, before the outbox is told that it failed and hands it over again."""

_UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
_NOT_TAKEN = frozenset({"TRANSFER_SEQUENCE_GAP", "REQUEST_ID_REUSED", "ENGINE_FULL"})
"""Refusals that do not use up the transfer's number, so no event will settle it."""


class TransferNotTaken(Exception):  # noqa: N818 - named as what it says
    """The engine has no place for the transfer: it is full, or ledger and engine do not belong together."""


class EnginePeer:
    """Asks for balances, and hands transfers over."""

    def __init__(
        self, channel: grpc.aio.Channel, submitter: Submitter, *, transfer_limit: timedelta = TRANSFER_LIMIT
    ) -> None:
        self._stub = EngineServiceStub(channel)
        self._submitter = submitter
        self._transfer_limit = transfer_limit

    async def balances(self, account_id: AccountId) -> tuple[EngineSeq, Sequence[TradingBalance]]:
        """Return the balances that are not zero, after the command named; none for an account unknown there."""
        try:
            response = await invoke(self._stub.Query, QueryRequest(account_id=account_id), retry=True)
        except Refusal as refusal:
            if refusal.reason == _UNKNOWN_ACCOUNT:
                return EngineSeq(0), ()
            raise
        return convert.trading_balances(response)

    async def deliver(self, row: Row) -> None:
        """Hand a transfer of the outbox over. What the engine says of it comes back as an event, once.

        Raises `TransferNotTaken`, and what keeps the engine from answering; `Unavailable` if it is silent for too long.
        """
        try:
            async with asyncio.timeout(self._transfer_limit.total_seconds()):
                result = await self._submitter.submit(Command.FromString(row.payload))
        except TimeoutError as error:
            limit_s = self._transfer_limit.total_seconds()
            raise Unavailable(f"The engine has not answered transfer {row.key} in {limit_s:g} s.") from error
        if result.reason and (reason := name_of(result.reason)) in _NOT_TAKEN:
            raise TransferNotTaken(f"the engine does not take transfer {row.key}: {reason}")
