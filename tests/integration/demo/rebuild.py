"""The oracle: books rebuilt from a session's files, slowly and in the plainest way, sharing nothing with the adapter.

For each update the book is made again from nothing: the newest snapshot that is not newer than the update, and after
it every update of the file in order. Decimals are `decimal.Decimal`, books are dictionaries.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Side = dict[Decimal, Decimal]
Books = tuple[Side, Side]


class RecordedMarket:
    """One market's files, read line by line."""

    def __init__(self, folder: Path, market: str) -> None:
        self.futures = market == "futures"
        self._snapshots: dict[str, list[Any]] = {}
        self.events: list[Any] = []
        for line in (folder / f"{market}.http.txt").read_text().splitlines():
            if line:
                url, answer = line.split(" -> ")
                symbol = re.search("symbol=([A-Z]+)", url).group(1)  # type: ignore[union-attr]
                self._snapshots.setdefault(symbol, []).append(json.loads(answer.split(": ", 1)[1]))
        for line in (folder / f"{market}.ws.txt").read_text().splitlines():
            if line and "<-" not in line:
                self.events.append(json.loads(line.split(": ", 1)[1])["data"])

    @property
    def symbols(self) -> list[str]:
        return list(self._snapshots)

    def of_kind(self, symbol: str, kind: str) -> list[Any]:
        """The events of a kind; spot's bookTicker of those days names no kind."""
        return [event for event in self.events if event["s"] == symbol and event.get("e", "bookTicker") == kind]

    def shown_ids(self, symbol: str) -> list[int]:
        """The update ids at which a book may be shown, in order: each snapshot, then its updates up to a gap."""
        shown: list[int] = []
        for snapshot in self._snapshots[symbol]:
            last = snapshot["lastUpdateId"]
            shown.append(last)
            for index, update in enumerate(self._after(symbol, last)):
                if not self._follows(update, last, first=index == 0):
                    break
                last = update["u"]
                shown.append(last)
        return shown

    def book_at(self, symbol: str, update_id: int) -> Books:
        """The bids and asks after the update `update_id`."""
        snapshot = [each for each in self._snapshots[symbol] if each["lastUpdateId"] <= update_id][-1]
        bids = {Decimal(price): Decimal(quantity) for price, quantity in snapshot["bids"]}
        asks = {Decimal(price): Decimal(quantity) for price, quantity in snapshot["asks"]}
        for update in self._after(symbol, snapshot["lastUpdateId"]):
            if update["u"] <= update_id:
                bids.update({Decimal(price): Decimal(quantity) for price, quantity in update["b"]})
                asks.update({Decimal(price): Decimal(quantity) for price, quantity in update["a"]})
        return _without_zeros(bids), _without_zeros(asks)

    def _after(self, symbol: str, snapshot_id: int) -> Iterator[Any]:
        """The updates that a snapshot does not cover, each once."""
        seen = set()
        for update in self.of_kind(symbol, "depthUpdate"):
            covered = update["u"] < snapshot_id if self.futures else update["u"] <= snapshot_id
            if not covered and update["u"] not in seen:
                seen.add(update["u"])
                yield update

    def _follows(self, update: Any, last: int, *, first: bool) -> bool:
        if not self.futures:
            return bool(update["U"] <= last + 1 if first else update["U"] == last + 1)
        return bool(update["U"] <= last <= update["u"] if first else update["pu"] == last)


def _without_zeros(side: Side) -> Side:
    return {price: quantity for price, quantity in side.items() if quantity != 0}
