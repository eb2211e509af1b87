"""An engine, as far as auth knows one: a real gRPC server of the mesh that remembers which accounts it opened."""

import asyncio

from exchange.engine.v1.admin_service_pb2 import OpenAccountRequest, OpenAccountResponse
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceServicer, add_AdminServiceServicer_to_server
from services.kernel.refusal import RelayedRefusal
from services.runtime.run import Process, ProcessSettings


class EngineFake(AdminServiceServicer):
    """Opens accounts as the engine does: again with the same properties is fine, with others a conflict."""

    def __init__(self) -> None:
        self.accounts: dict[int, OpenAccountRequest] = {}
        self._changed = asyncio.Condition()

    async def OpenAccount(self, request: OpenAccountRequest, context: object) -> OpenAccountResponse:  # noqa: N802
        if self.accounts.setdefault(request.account_id, request) != request:
            raise RelayedRefusal("ACCOUNT_CONFLICT", "The account exists with other properties.")
        async with self._changed:
            self._changed.notify_all()
        return OpenAccountResponse(engine_seq=len(self.accounts))

    async def opened(self, account_id: int) -> None:
        """Wait until the account is open."""
        async with self._changed:
            await self._changed.wait_for(lambda: account_id in self.accounts)

    def occupy(self, account_id: int) -> None:
        """Have the account with properties that nobody asks for."""
        self.accounts[account_id] = OpenAccountRequest(account_id=account_id, taker_fee_ppm=1)

    async def build(self, process: Process, own: ProcessSettings) -> None:
        """Put it on a process of the mesh."""
        process.server.add(add_AdminServiceServicer_to_server, self)
