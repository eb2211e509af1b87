"""What all lists have in common: how a page is asked for, and what it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page the caller wants."""

    page_size: int = 0
    page_token: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items, and the token of the next page; empty on the last."""

    items: Sequence[T]
    next_page_token: str
