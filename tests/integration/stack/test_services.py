"""The whole exchange as the launcher starts it."""

import pytest
import requests

from stack.demo.instruments import INSTRUMENTS
from tests.servers import Exchange

TIMEOUT_S = 10


@pytest.mark.parametrize("process", ["engine", "auth", "orders", "order_entry", "wallets", "market_data", "relay"])
def test_a_killed_process_comes_back(exchange: Exchange, process: str) -> None:
    exchange.stack.kill(process)
    exchange.stack.restart(process)

    exchange.stack.check()


def test_the_edge_leads_to_the_instruments(exchange: Exchange) -> None:
    exchange.stack.restart("envoy")  # ready once it has asked each service for its health

    answer = requests.get(f"{exchange.url}/v1/instruments", verify=str(exchange.authority), timeout=TIMEOUT_S)

    assert [each["instrument"] for each in answer.json()["instruments"]] == sorted(each.symbol for each in INSTRUMENTS)


def test_a_service_shows_its_metrics(exchange: Exchange) -> None:
    port = exchange.stack.site.metrics_port("orders")

    assert "exchange_dependency_up" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_S).text
