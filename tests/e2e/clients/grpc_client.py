"""gRPC over TLS, as an institution would: no generated stub, only the contracts."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.e2e.clients import Json, Refused, package_of
from tests.e2e.clients.contracts import answer_class, decode, encode, method_of

DEADLINE_S = 20.0


class GrpcClient:
    """grpc.aio."""

    def __init__(self, edge: str, ca: Path) -> None:
        self.token: str | None = None
        self.channel = grpc.aio.secure_channel(edge, grpc.ssl_channel_credentials(ca.read_bytes()))

    async def call(self, method: str, request: Json) -> Json:
        contract = method_of(method)
        call = self.channel.unary_unary(
            _path(method), _serialize, response_deserializer=answer_class(contract).FromString
        )
        try:
            return decode(await call(encode(contract, request), metadata=self._metadata(), timeout=DEADLINE_S))
        except grpc.aio.AioRpcError as error:
            raise refused_of(error) from error

    async def stream(self, method: str, request: Json) -> AsyncIterator[Json]:
        contract = method_of(method)
        call = self.channel.unary_stream(
            _path(method), _serialize, response_deserializer=answer_class(contract).FromString
        )(encode(contract, request), metadata=self._metadata())
        try:
            async for answer in call:
                yield decode(answer)
        except grpc.aio.AioRpcError as error:
            raise refused_of(error) from error
        finally:
            call.cancel()

    async def close(self) -> None:
        await self.channel.close()

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()


def _path(method: str) -> str:
    package, service, name = package_of(method)
    return f"/{package}.{service}/{name}"


def _serialize(message: object) -> bytes:
    return message.SerializeToString()  # type: ignore[attr-defined, no-any-return]


def refused_of(error: grpc.aio.AioRpcError) -> Refused:
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    return Refused(error.code().name, info.reason, error.details() or "", dict(info.metadata))
