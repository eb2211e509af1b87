"""Pages of a list: how many items, and where the next page starts.

A page token is opaque to callers. It holds the sort key of the last item given out, bound to the question it answers
(method, owner, filters), so that it cannot continue another list. It is no secret and grants nothing: each query
filters by its owner again.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import TypeGuard

from services.kernel.money import INT64_MAX, INT64_MIN
from services.kernel.refusal import Refusal

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_TOKEN_CHARS = 512

Key = tuple[int | str, ...]


class InvalidPageToken(Refusal):
    """The page token is not one that this question gave out."""

    reason = "INVALID_PAGE_TOKEN"


def page_size(asked: int, default: int = DEFAULT_PAGE_SIZE) -> int:
    """Return how many items to give: the default for 0, never more than the maximum."""
    return min(asked, MAX_PAGE_SIZE) if asked > 0 else default


def token_of(question: str, last: Key) -> str:
    """Return the token of the page that starts after the item with sort key `last`."""
    return base64.urlsafe_b64encode(json.dumps([_digest(question), *last]).encode()).decode().rstrip("=")


def key_of(question: str, token: str, *shape: type[int] | type[str]) -> Key | None:
    """Return the sort key that `token` holds, of the types in `shape`; None for an empty token: the first page.

    Raises `InvalidPageToken` for a token of another question, and for one that nobody gave out.
    """
    if not token:
        return None
    match _decoded(token):
        case [digest, *last] if digest == _digest(question) and _fits(last, shape):
            return tuple(last)
    raise InvalidPageToken("This page token belongs to another list; start from the first page.")


def _fits(parts: Sequence[object], shape: Sequence[type]) -> TypeGuard[Sequence[int | str]]:
    """Tell whether the parts have the types of the shape, and its integers fit the column they are compared with."""
    return [type(part) for part in parts] == list(shape) and all(
        INT64_MIN <= part <= INT64_MAX for part in parts if isinstance(part, int)
    )


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]


def _decoded(token: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(token[:MAX_TOKEN_CHARS] + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError):
        return None
