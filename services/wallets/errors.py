"""Refusals of wallets."""

from services.kernel.refusal import Refusal


class UnknownAsset(Refusal):
    """No such asset is listed."""

    reason = "UNKNOWN_ASSET"


class AmountOutOfRange(Refusal):
    """The amount is not positive, too large, or finer than the asset's decimals."""

    reason = "AMOUNT_OUT_OF_RANGE"


class RequestIdReused(Refusal):
    """The request id names another transfer."""

    reason = "REQUEST_ID_REUSED"
