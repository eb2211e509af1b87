"""`python -m stack.demo` as a process: it fills the market, and SIGTERM empties it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from stack.demo.account import MAKER
from stack.site import ROOT
from tests.integration.demo.conftest import Edge


@asynccontextmanager
async def _demo(edge: Edge, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stack.demo", "--edge", edge.address, "--ca", str(edge.ca_file), "--feed-port", "0"),
        *arguments,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'gen' / 'python'}:{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_sigterm_leaves_no_order_and_no_complaint(edge: Edge) -> None:
    async with _demo(edge) as process:
        await edge.exchange.wait_until(lambda: len(edge.exchange.open_orders(MAKER.email)) > 10)
        process.terminate()
        _, errors = await asyncio.wait_for(process.communicate(), timeout=30)
    assert (process.returncode, errors) == (0, b"")
    assert edge.exchange.open_orders(MAKER.email) == []


async def test_a_refusal_is_one_sentence(edge: Edge) -> None:
    edge.exchange.forbid(MAKER.email)
    async with _demo(edge) as process:
        _, errors = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 1
    assert errors.startswith(b"ERROR: the exchange refused the demo market: INVALID_CREDENTIALS")
    assert len(errors.splitlines()) == 1


async def test_a_file_that_is_missing_is_named(edge: Edge, tmp_path: Path) -> None:
    async with _demo(edge, "--ca", str(tmp_path / "none.crt")) as process:
        _, errors = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 1
    assert b"none.crt" in errors
    assert len(errors.splitlines()) == 1
