"""Between messages of the contract and auth's own words; pure."""

from collections.abc import Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from exchange.auth.v1 import auth_service_pb2, user_events_pb2, user_pb2
from exchange.engine.v1 import admin_service_pb2
from exchange.event.v1 import event_pb2
from services.auth.access_token import ALGORITHM, base64url
from services.auth.model import (
    AccountOpening,
    SessionEnded,
    SessionEndReason,
    SessionStarted,
    Subaccount,
    SubaccountCreated,
    TokenPair,
    User,
    UserEvent,
    UserRegistered,
    VerificationKey,
)
from services.auth.usecases.create_subaccount import NewSubaccount
from services.auth.usecases.list_subaccounts import SubaccountPage, SubaccountQuery
from services.auth.usecases.login import LoginAttempt
from services.auth.usecases.register import Registration
from services.kernel.ids import AccountId, RequestId, UserId

_END_REASONS = {
    SessionEndReason.LOGOUT: user_events_pb2.SESSION_END_REASON_LOGOUT,
    SessionEndReason.REFRESH_TOKEN_REUSED: user_events_pb2.SESSION_END_REASON_REFRESH_TOKEN_REUSED,
}


def registration_of(request: auth_service_pb2.RegisterRequest) -> Registration:
    """Read who wants in."""
    return Registration(email=request.email, password=request.password)


def login_attempt_of(request: auth_service_pb2.LoginRequest, client_address: str) -> LoginAttempt:
    """Read who wants a session."""
    account_id = AccountId(int(request.account_id)) if request.account_id else None
    return LoginAttempt(request.email, request.password, tuple(request.scopes), client_address, account_id)


def new_subaccount_of(request: auth_service_pb2.CreateSubaccountRequest, user_id: UserId) -> NewSubaccount:
    """Read which sub-account to make."""
    return NewSubaccount(user_id, RequestId(request.request_id), request.label)


def subaccount_query_of(request: auth_service_pb2.ListSubaccountsRequest, user_id: UserId) -> SubaccountQuery:
    """Read which page of sub-accounts is wanted."""
    return SubaccountQuery(user_id, request.page_size, request.page_token)


def subaccount_message(subaccount: Subaccount) -> user_pb2.Subaccount:
    """Write a sub-account."""
    return user_pb2.Subaccount(
        account_id=str(subaccount.account_id),
        label=subaccount.label,
        create_time=_timestamp(subaccount.create_time),
    )


def subaccounts_message(page: SubaccountPage) -> auth_service_pb2.ListSubaccountsResponse:
    """Write a page of sub-accounts."""
    return auth_service_pb2.ListSubaccountsResponse(
        subaccounts=map(subaccount_message, page.subaccounts), next_page_token=page.next_page_token
    )


def user_message(user: User) -> user_pb2.User:
    """Write a user."""
    return user_pb2.User(
        user_id=str(user.user_id),
        email=user.email,
        account_id=str(user.account_id),
        scopes=user.scopes,
        create_time=_timestamp(user.create_time),
    )


def token_pair_message(pair: TokenPair) -> user_pb2.TokenPair:
    """Write what a login gives."""
    return user_pb2.TokenPair(
        access_token=pair.access_token,
        access_token_expire_time=_timestamp(pair.access_expire_time),
        refresh_token=pair.refresh_token,
        refresh_token_expire_time=_timestamp(pair.refresh_expire_time),
        scopes=pair.scopes,
        account_id=str(pair.account_id),
    )


def jwks_message(keys: Sequence[VerificationKey]) -> auth_service_pb2.GetJwksResponse:
    """Write keys so that their JSON form is that of RFC 7517 and RFC 8037."""
    return auth_service_pb2.GetJwksResponse(keys=[_json_web_key(key) for key in keys])


def _json_web_key(key: VerificationKey) -> auth_service_pb2.JsonWebKey:
    return auth_service_pb2.JsonWebKey(
        kty="OKP", crv="Ed25519", x=base64url(key.public_key), kid=key.key_id, use="sig", alg=ALGORITHM
    )


def opening_message(opening: AccountOpening) -> admin_service_pb2.OpenAccountRequest:
    """Write the request that opens an account in the engine."""
    return admin_service_pb2.OpenAccountRequest(
        account_id=opening.account_id,
        self_trade_group_id=opening.self_trade_group_id,
        taker_fee_ppm=opening.taker_fee_ppm,
        maker_fee_ppm=opening.maker_fee_ppm,
    )


def user_event_message(event: UserEvent, event_id: str) -> user_events_pb2.UserEvent:
    """Write an event for the topic."""
    message = user_events_pb2.UserEvent(
        header=event_pb2.EventHeader(event_id=event_id, event_time=_timestamp(event.time)),
        user_id=str(event.user_id),
        account_id=event.account_id,
    )
    match event.what:
        case UserRegistered():
            message.registered.SetInParent()
        case SessionStarted(session_id, scopes):
            message.session_started.session_id = str(session_id)
            message.session_started.scopes.extend(scopes)
        case SessionEnded(session_id, reason):
            message.session_ended.session_id = str(session_id)
            message.session_ended.reason = _END_REASONS[reason]
        case SubaccountCreated(account_id):
            message.subaccount_created.account_id = account_id
    return message


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
