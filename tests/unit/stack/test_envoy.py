from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.envoy import DESCRIPTORS, render
from stack.methods import edge_methods
from stack.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, 9000)


def test_the_configuration_is_whole(site: Site) -> None:
    methods = edge_methods(DESCRIPTORS.read_bytes())

    configuration = yaml.safe_load(render(site, methods))["static_resources"]

    names = [cluster["name"] for cluster in configuration["clusters"]]
    assert names == [*sorted({method.process for method in methods}), "edge"]
    assert "engine" not in names
    assert configuration["listeners"][0]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 9003}


def test_traces_are_sent_only_where_a_collector_is_named(site: Site) -> None:
    methods = edge_methods(DESCRIPTORS.read_bytes())

    silent = yaml.safe_load(render(site, methods))
    traced = yaml.safe_load(render(site, methods, "http://localhost:4317"))

    assert tracing_of(silent) is None
    assert tracing_of(traced)["provider"]["typed_config"]["service_name"] == "edge"
    assert "telemetry" in [cluster["name"] for cluster in traced["static_resources"]["clusters"]]


def tracing_of(configuration: Any) -> Any:
    (listener,) = configuration["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    return chain["filters"][0]["typed_config"]["tracing"]
