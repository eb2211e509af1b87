"""WalletsService and SandboxService: decode, use case, encode."""

from typing import Any, TypeAlias

import grpc

from exchange.wallets.v1 import sandbox_service_pb2, wallets_service_pb2
from exchange.wallets.v1.sandbox_service_pb2_grpc import SandboxServiceServicer
from exchange.wallets.v1.wallets_service_pb2_grpc import WalletsServiceServicer
from services.runtime import call
from services.wallets import convert
from services.wallets.usecases.fund import Fund
from services.wallets.usecases.list_balances import ListBalances

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Wallets(WalletsServiceServicer):
    """What the token's account owns."""

    def __init__(self, list_balances: ListBalances) -> None:
        self._list_balances = list_balances

    async def ListBalances(
        self, request: wallets_service_pb2.ListBalancesRequest, context: Context
    ) -> wallets_service_pb2.ListBalancesResponse:
        """List the balances that are not zero."""
        engine_seq, balances = await self._list_balances.run(call.caller().account_id)
        return convert.balances_response(engine_seq, balances)


class Sandbox(SandboxServiceServicer):
    """Play money."""

    def __init__(self, fund: Fund) -> None:
        self._fund = fund

    async def Fund(
        self, request: sandbox_service_pb2.FundRequest, context: Context
    ) -> sandbox_service_pb2.FundResponse:
        """Give the token's account an amount."""
        transfer = await self._fund.run(convert.fund_command(call.caller().account_id, request))
        return convert.fund_response(transfer)
