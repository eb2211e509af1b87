"""The list of callers names only what exists."""

from pathlib import Path

import yaml
from google.protobuf import descriptor_pool

from exchange.auth.v1 import auth_service_pb2
from exchange.engine.v1 import admin_service_pb2, engine_service_pb2
from services.engine import convert
from services.runtime.authorization import Callers

FILE = Path("mesh/callers.yaml")
CONTRACTS = (auth_service_pb2, admin_service_pb2, engine_service_pb2)


def test_every_method_and_every_command_is_in_a_contract() -> None:
    assert all(contract.DESCRIPTOR.services_by_name for contract in CONTRACTS)
    Callers.load(FILE)
    for grant in yaml.safe_load(FILE.read_text())["callers"].values():
        for method in grant["methods"]:
            service, _, name = method.removeprefix("/").partition("/")
            methods = descriptor_pool.Default().FindServiceByName(service).methods_by_name
            assert name == "*" or name in methods, method
        convert.kinds_of(grant.get("commands", ()))


def test_only_orders_trades_and_only_wallets_moves_value() -> None:
    callers = Callers.load(FILE)
    trade = {"place_order", "amend_order", "cancel_order", "mass_cancel"}
    together = {"place_order_group", "place_orders"}
    sessions = {"open_session", "keep_gateway", "end_session"}
    assert callers.commands_of("orders") == trade | sessions | {"cancel_all_after"}
    assert callers.commands_of("order_entry") == trade | sessions | together
    assert callers.commands_of("wallets") == {"transfer_in"}
    for other in ("auth", "market_data", "relay", "operator", "edge"):
        assert not callers.commands_of(other)
