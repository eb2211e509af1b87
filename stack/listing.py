"""The step that lists the demo's instruments at the engine."""

import asyncio
from collections.abc import Mapping

import grpc

from stack.authority import authority_of
from stack.demo.instruments import INSTRUMENTS, create_instruments
from stack.failure import StackError
from stack.part import Command
from stack.services import OPERATOR, credentials
from stack.site import Site


class Listing:
    """Lists what is not listed yet; no process of its own."""

    name = "instruments"
    needs: tuple[str, ...] = ("certificates", "engine")

    def __init__(self, site: Site) -> None:
        self._site = site

    def ports(self) -> Mapping[str, int]:
        """Name none."""
        return {}

    def prepare(self) -> None:
        """List the instruments; raises StackError if one is listed with other properties."""
        try:
            asyncio.run(self._list())
        except grpc.aio.AioRpcError as error:
            raise StackError(f"The engine refused the demo's instruments: {error.details()}") from error

    async def _list(self) -> None:
        operator = credentials(authority_of(self._site).process(OPERATOR))
        async with grpc.aio.secure_channel(self._site.address("engine"), operator) as channel:
            await create_instruments(channel)

    def command(self) -> Command | None:
        """Run nothing."""
        return None

    def ready(self) -> bool:
        """Tell that there is nothing to wait for."""
        return True

    def settle(self) -> None:
        """Do nothing: there is nothing to configure."""

    def describe(self) -> str:
        """Name the instruments."""
        return ", ".join(instrument.symbol for instrument in INSTRUMENTS)
