"""Refusals of auth. None of them says more about an account than the caller has proved to know."""

from services.kernel.refusal import Refusal


class EmailTaken(Refusal):
    """A user with this address exists."""

    reason = "EMAIL_TAKEN"

    def __init__(self) -> None:
        super().__init__("A user with this e-mail address exists; log in instead.")


class WeakPassword(Refusal):
    """The password breaks a rule, which the message names."""

    reason = "WEAK_PASSWORD"


class InvalidCredentials(Refusal):
    """No user has this address with this password; which of the two is wrong stays untold."""

    reason = "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("The e-mail address and the password do not belong together; check both, or register.")


class LoginThrottled(Refusal):
    """Too many failures for this address from this place."""

    reason = "LOGIN_THROTTLED"

    def __init__(self, retry_after_ms: int) -> None:
        seconds = -(-retry_after_ms // 1_000)
        super().__init__(f"Too many failed logins; try again in {seconds} s.", retry_after_ms=retry_after_ms)


class ScopeNotGranted(Refusal):
    """The user may not have a scope that was asked for."""

    reason = "SCOPE_NOT_GRANTED"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This user may not have the scope {scope}; leave it out, or ask an operator for it.",
            metadata={"scope": scope},
        )


class AccountNotFound(Refusal):
    """The user has no such account; whether anybody has it stays untold."""

    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: int) -> None:
        super().__init__(
            f"This user has no account {account_id}; ListSubaccounts shows those there are.",
            metadata={"account_id": str(account_id)},
        )


class TooManySubaccounts(Refusal):
    """The firm has as many sub-accounts as it may."""

    reason = "TOO_MANY_SUBACCOUNTS"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"A firm has at most {limit} sub-accounts; use one of those there are.", metadata={"limit": str(limit)}
        )


class RequestIdReused(Refusal):
    """The request id made a sub-account with another label."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self) -> None:
        super().__init__("This request_id made a sub-account with another label; choose a new one.")


class RefreshTokenInvalid(Refusal):
    """The refresh token is unknown, expired or revoked."""

    reason = "REFRESH_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("The refresh token is unknown, expired or revoked; log in again.")


class RefreshTokenReused(Refusal):
    """The refresh token was spent before, so two parties hold it: its session has been ended."""

    reason = "REFRESH_TOKEN_REUSED"

    def __init__(self) -> None:
        super().__init__("The refresh token was used before, so its session is ended; log in again, look for a thief.")


class UserGone(Refusal):
    """The token is genuine, but nobody has its user number."""

    reason = "UNAUTHENTICATED"

    def __init__(self) -> None:
        super().__init__("The user of this token does not exist any more; register or log in again.")
