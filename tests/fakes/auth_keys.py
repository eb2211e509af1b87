"""Auth, as far as other services ask it: the key that a mesh signs its tokens with."""

from exchange.auth.v1 import auth_service_pb2_grpc
from exchange.auth.v1.auth_service_pb2 import GetJwksRequest, GetJwksResponse, JsonWebKey
from services.runtime.run import Process, ProcessSettings
from tests.mesh import Mesh, text_of_bytes

JWKS = "/exchange.auth.v1.AuthService/GetJwks"


class AuthKeys(auth_service_pb2_grpc.AuthServiceServicer):
    """Publishes the keys of a mesh."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    async def GetJwks(self, request: GetJwksRequest, context: object) -> GetJwksResponse:  # noqa: N802
        keys = await self._mesh.keys()
        return GetJwksResponse(
            keys=[
                JsonWebKey(kty="OKP", crv="Ed25519", alg="EdDSA", use="sig", kid=kid, x=text_of_bytes(key))
                for kid, key in keys.items()
            ]
        )

    async def build(self, process: Process, _own: ProcessSettings) -> None:
        """Put a process together that serves nothing else."""
        process.use_tokens(self._mesh.keys)
        process.server.add(auth_service_pb2_grpc.add_AuthServiceServicer_to_server, self)
