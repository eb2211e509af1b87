"""The engine, as far as auth needs it: it opens accounts."""

from datetime import timedelta

import grpc
import structlog

from exchange.engine.v1.admin_service_pb2 import OpenAccountRequest
from exchange.engine.v1.admin_service_pb2_grpc import AdminServiceStub
from services.auth.model import OpeningRequestId
from services.kernel.refusal import Refusal, Unavailable
from services.runtime import call, grpc_client
from services.runtime.outbox import Outbox, Row

OPENING_LIMIT = timedelta(seconds=2)
"""How long a registration waits for the engine at most; a new account is opened later if that is not enough."""
ANSWER_MARGIN = timedelta(milliseconds=100)
"""What is left of the caller's deadline to answer in."""
ACCOUNT_CONFLICT = "ACCOUNT_CONFLICT"

_log = structlog.get_logger(__name__)


class AccountOpener:
    """Delivers account openings from the outbox to the engine."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._admin = AdminServiceStub(channel)

    async def deliver(self, row: Row) -> None:
        """Open the account; raises a `Refusal` or `PeerFailed` while the engine cannot.

        An account that is open already with other properties stays as it is: repeating would not change that, and
        would hold up the accounts behind it.
        """
        request = OpenAccountRequest.FromString(row.payload)
        try:
            await grpc_client.invoke(self._admin.OpenAccount, request)
        except Refusal as refusal:
            if refusal.reason != ACCOUNT_CONFLICT:
                raise
            _log.error("account_conflict", account_id=request.account_id)


class OutboxOpenings:
    """Watches account openings leave the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def opened(self, request: OpeningRequestId) -> bool:
        """Wait until the engine has opened the account; False if it has not while the call can wait."""
        try:
            return await self._outbox.delivered(request, _patience())
        except Unavailable:
            return False


def _patience() -> timedelta:
    left = call.remaining()
    if left is None:
        return OPENING_LIMIT
    return max(timedelta(0), min(OPENING_LIMIT, timedelta(seconds=left) - ANSWER_MARGIN))
