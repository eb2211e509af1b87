"""The demo market: the process that quotes and trades through the public API, and shows the market on the terminal."""

import sys
from collections.abc import Mapping

import requests

from stack import envoy
from stack.authority import authority_of
from stack.demo.instruments import INSTRUMENTS
from stack.part import Command
from stack.site import ROOT, Site

REQUEST_TIMEOUT_S = 5
GRACE_S = 30.0


class DemoMarket:
    """The process, ready when the first instrument's book has a bid."""

    name = "demo"
    needs: tuple[str, ...] = ("envoy", "instruments")

    def __init__(self, site: Site, *, live: bool) -> None:
        self._site = site
        self._live = live

    def ports(self) -> Mapping[str, int]:
        """Name the port where the generated market is played."""
        return {"feed": self._site.port("feed")}

    def prepare(self) -> None:
        """Do nothing: it brings its own users and funds."""

    def command(self) -> Command:
        """Run it on this stack's edge; stopping cancels its orders."""
        arguments = {
            "--edge": self._site.address("edge"),
            "--ca": str(authority_of(self._site).certificate),
            "--feed-port": str(self._site.port("feed")),
        }
        words = [word for name, value in arguments.items() for word in (name, value)]
        return Command(
            (sys.executable, "-m", "stack.demo", *words, *(["--live"] if self._live else [])),
            {"PYTHONPATH": f"{ROOT / 'gen' / 'python'}:{ROOT}"},
            grace_s=GRACE_S,
            on_terminal=True,
        )

    def ready(self) -> bool:
        """Tell whether the market moves; the real one is not waited for, it may be out of reach."""
        if self._live:
            return True
        book = f"{envoy.url(self._site)}/v1/instruments/{INSTRUMENTS[0].symbol}/book"
        try:
            answer = requests.get(book, verify=envoy.trust(self._site), timeout=REQUEST_TIMEOUT_S)
        except requests.RequestException:
            return False
        return answer.ok and bool(answer.json()["bids"])

    def settle(self) -> None:
        """Do nothing: there is nothing to configure."""

    def describe(self) -> str:
        """Tell what it trades."""
        return "quotes and trades " + ("the real market" if self._live else "a generated market, played endlessly")
