"""What the README tells a newcomer to type, typed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.clients import Json
from tests.e2e.conftest import Exchange, NewClient
from tests.e2e.trader import Trader

README = Path("README.md").read_text()


def block(language: str) -> str:
    """Return the only code block of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(found)


def run(arguments: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": "gen/python"}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=60, check=False)  # noqa: S603 - what the README says
    assert done.returncode == 0, done.stderr
    return done.stdout


def documents(text: str) -> list[Json]:
    """Split JSON documents that follow each other."""
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


async def test_the_curl_example_buys_at_the_market(exchange: Exchange, new_grpc_client: NewClient) -> None:
    seller = await Trader(new_grpc_client()).join(BTC="1")
    offer = await seller.place("BTC-KK99", "SELL", "0.01", "60000")
    script = re.sub(
        r"^ca=.*$", f"ca={exchange.ca} edge=https://{exchange.edge}", block("sh"), count=1, flags=re.MULTILINE
    )
    answers = documents(run(["bash", "-euc", script]))
    bought = next(answer for answer in answers if "order" in answer)
    assert bought["order"]["status"] == "ORDER_STATUS_FILLED"
    assert [fill["price"] for fill in bought["fills"]] == ["60000.00"]
    assert {balance["asset"] for balance in answers[-1]["balances"]} == {"BTC", "KK99"}
    assert (await seller.order(offer["order"]["order_id"]))["order"]["status"] == "ORDER_STATUS_FILLED"


def test_the_python_example_places_and_cancels(exchange: Exchange, tmp_path: Path) -> None:
    program = tmp_path / "first_order.py"
    program.write_text(block("python"))
    told = run([sys.executable, str(program), exchange.edge, str(exchange.ca)])
    assert re.findall(r"ORDER_STATUS_\w+", told) == ["ORDER_STATUS_NEW", "ORDER_STATUS_CANCELLED"]
