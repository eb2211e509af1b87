"""The face of AuthService: reads the message, runs the use case, writes the answer."""

from dataclasses import dataclass
from typing import TypeAlias

import grpc

from exchange.auth.v1 import auth_service_pb2, auth_service_pb2_grpc
from services.auth import convert
from services.auth.ports import Signer
from services.auth.usecases.create_subaccount import CreateSubaccount
from services.auth.usecases.get_current_user import GetCurrentUser
from services.auth.usecases.list_subaccounts import ListSubaccounts
from services.auth.usecases.login import Login
from services.auth.usecases.logout import Logout
from services.auth.usecases.refresh_token import Refresh
from services.auth.usecases.register import Register
from services.runtime import call

Context: TypeAlias = "grpc.aio.ServicerContext[object, object]"


@dataclass(frozen=True)
class UseCases:
    """What the service can do."""

    register: Register
    login: Login
    refresh: Refresh
    logout: Logout
    get_current_user: GetCurrentUser
    create_subaccount: CreateSubaccount
    list_subaccounts: ListSubaccounts


class AuthServicer(auth_service_pb2_grpc.AuthServiceServicer):
    """One method per RPC."""

    def __init__(self, use_cases: UseCases, signer: Signer) -> None:
        self._do = use_cases
        self._signer = signer

    async def GetJwks(
        self, request: auth_service_pb2.GetJwksRequest, context: Context
    ) -> auth_service_pb2.GetJwksResponse:
        """Publish the keys that verify access tokens."""
        return convert.jwks_message(await self._signer.verification_keys())

    async def Register(
        self, request: auth_service_pb2.RegisterRequest, context: Context
    ) -> auth_service_pb2.RegisterResponse:
        """Make a user."""
        user = await self._do.register(convert.registration_of(request))
        return auth_service_pb2.RegisterResponse(user=convert.user_message(user))

    async def Login(self, request: auth_service_pb2.LoginRequest, context: Context) -> auth_service_pb2.LoginResponse:
        """Start a session."""
        user, pair = await self._do.login(convert.login_attempt_of(request, call.client_address()))
        return auth_service_pb2.LoginResponse(tokens=convert.token_pair_message(pair), user=convert.user_message(user))

    async def RefreshToken(
        self, request: auth_service_pb2.RefreshTokenRequest, context: Context
    ) -> auth_service_pb2.RefreshTokenResponse:
        """Trade a refresh token."""
        pair = await self._do.refresh(request.refresh_token)
        return auth_service_pb2.RefreshTokenResponse(tokens=convert.token_pair_message(pair))

    async def Logout(
        self, request: auth_service_pb2.LogoutRequest, context: Context
    ) -> auth_service_pb2.LogoutResponse:
        """End the session of the token."""
        await self._do.logout(call.caller().session_id)
        return auth_service_pb2.LogoutResponse()

    async def GetCurrentUser(
        self, request: auth_service_pb2.GetCurrentUserRequest, context: Context
    ) -> auth_service_pb2.GetCurrentUserResponse:
        """Tell who the token speaks for."""
        caller = call.caller()
        user = await self._do.get_current_user(caller.user_id)
        return auth_service_pb2.GetCurrentUserResponse(
            user=convert.user_message(user),
            token_scopes=sorted(caller.scopes),
            token_account_id=str(caller.account_id),
        )

    async def CreateSubaccount(
        self, request: auth_service_pb2.CreateSubaccountRequest, context: Context
    ) -> auth_service_pb2.CreateSubaccountResponse:
        """Make a sub-account."""
        made = await self._do.create_subaccount(convert.new_subaccount_of(request, call.caller().user_id))
        return auth_service_pb2.CreateSubaccountResponse(subaccount=convert.subaccount_message(made))

    async def ListSubaccounts(
        self, request: auth_service_pb2.ListSubaccountsRequest, context: Context
    ) -> auth_service_pb2.ListSubaccountsResponse:
        """List the user's sub-accounts."""
        page = await self._do.list_subaccounts(convert.subaccount_query_of(request, call.caller().user_id))
        return convert.subaccounts_message(page)
