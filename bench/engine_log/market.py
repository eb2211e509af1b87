"""Batches of orders as bytes, cheap enough to make ten million: what differs is put between what does not."""

import random
from collections.abc import Iterator

from exchange.engine.v1.command_pb2 import Command, CreateInstrument, OpenAccount, TransferIn
from exchange.engine.v1.engine_service_pb2 import SubmitRequest
from exchange.engine.v1.instrument_pb2 import Asset, Instrument
from exchange.type.v1.instrument_pb2 import ASSET_CLASS_CRYPTO, TRADING_PHASE_CONTINUOUS

START_NS = 1_700_000_000_000_000_000
WINDOW_NS = 600 * 10**9
EVERY_KIND = 0xFFFF_FFFE
MIDDLE = 1 << 20
BUY, SELL = 1, 2

INSTRUMENT = Instrument(
    instrument_id=1,
    symbol="BTC-KK99",
    asset_class=ASSET_CLASS_CRYPTO,
    base=Asset(asset_id=2, symbol="BTC", scale=8),
    quote=Asset(asset_id=1, symbol="KK99", scale=6),
    price_scale=2,
    quantity_scale=4,
    tick=1,
    lot=1,
    min_quantity=1,
    max_quantity=10**9,
    min_notional=10**6,
    max_notional=10**15,
    market_protection_bps=500,
    phase=TRADING_PHASE_CONTINUOUS,
)


def opening(accounts: int) -> Iterator[bytes]:
    """List the instrument; open and fund the accounts 1 to `accounts`."""
    yield SubmitRequest(
        commands=[Command(create_instrument=CreateInstrument(instrument=INSTRUMENT))]
    ).SerializeToString()
    for account in range(1, accounts + 1):
        funds = [
            TransferIn(transfer_seq=2 * account - 2 + asset, account_id=account, asset_id=asset, amount=10**15)
            for asset in (1, 2)
        ]
        opened = Command(open_account=OpenAccount(account_id=account))
        yield SubmitRequest(commands=[opened, *(Command(transfer_in=each) for each in funds)]).SerializeToString()


def varint(value: int) -> bytes:
    """Write a base-128 varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def framed(tag: int, content: bytes) -> bytes:
    """Write a field that holds bytes."""
    return bytes([tag]) + varint(len(content)) + content


def place(account: int, number: int, side: int, price: int, until: bytes) -> bytes:
    """Write a GTC limit order over 0.01 as a command of a SubmitRequest."""
    body = (
        b"\x08"
        + varint(account)
        + b"\x12\x0a%010d" % number
        + b"\x18\x01\x20%c\x28\x01\x30\x01" % side
        + b"\x48"
        + varint(2 * price)
        + b"\x50\x64\x60"
        + until
        + b"\x69"
        + number.to_bytes(8, "little")
    )
    return framed(0x0A, framed(0x0A, body))


def cancel(account: int, number: int, until: bytes) -> bytes:
    """Write a cancel of an order by its owner's id."""
    return framed(0x0A, framed(0x12, b"\x08" + varint(account) + b"\x1a\x0a%010d" % number + b"\x28" + until))


def resting(accounts: int, orders: int, each: int) -> Iterator[tuple[int, bytes]]:
    """Give (engine time, batch) that fill the book from both sides, nothing trades."""
    until = varint(START_NS + WINDOW_NS)
    for first in range(0, orders, each):
        batch = bytearray()
        for number in range(first, min(first + each, orders)):
            side = BUY if number % 2 else SELL
            distance = 100 + number % 40_000
            price = MIDDLE - distance if side == BUY else MIDDLE + distance
            batch += place(number % accounts + 1, number, side, price, until)
        yield START_NS, bytes(batch)


def busy(accounts: int, first: int, commands: int, each: int, batch_ns: int) -> Iterator[tuple[int, bytes]]:
    """Give (engine time, batch): 70 % orders close to the middle, many of which trade, 30 % cancels of late ones."""
    chance = random.Random(1)  # noqa: S311 - a seeded workload
    made = range(first, first + commands)
    for start in made[::each]:
        now_ns = START_NS + (start - first) // each * batch_ns
        until = varint(now_ns + WINDOW_NS // 2)
        batch = bytearray()
        for number in range(start, min(start + each, made.stop)):
            if number % 10 < 7:
                side = BUY if chance.random() < 0.5 else SELL
                price = MIDDLE + int(chance.gauss(-15 if side == BUY else 15, 15))
                batch += place(number % accounts + 1, number, side, price, until)
            else:
                target = max(number - 7 - chance.randrange(40) * 10, first)
                batch += cancel(target % accounts + 1, target, until)
        yield now_ns, bytes(batch)
