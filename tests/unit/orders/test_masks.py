"""A mask keeps what it names, and names what is not there."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from exchange.orders.v1.order_pb2 import Fill, Order
from services.kernel.refusal import InvalidField
from services.orders.convert.masks import MAX_PATHS, Mask, mask_of, split_mask_of

ORDER = Order(order_id="1", price="2", tag=3, accept_time=Timestamp(seconds=4, nanos=5))
FILL = Fill(trade_id="6", fee="7")


def kept(mask: Mask | None, message: Order | Fill) -> Order | Fill | None:
    return mask.kept(message) if mask else None


def test_an_empty_mask_keeps_everything() -> None:
    assert mask_of(FieldMask(), Order).kept(ORDER) == ORDER


def test_a_mask_keeps_what_it_names() -> None:
    assert mask_of(FieldMask(paths=["price", "tag", "price"]), Order).kept(ORDER) == Order(price="2", tag=3)
    inside = mask_of(FieldMask(paths=["accept_time.nanos"]), Order).kept(ORDER)
    assert inside == Order(accept_time=Timestamp(nanos=5))
    assert mask_of(FieldMask(paths=["status"]), Order).kept(ORDER) == Order()


@pytest.mark.parametrize("path", ["nothing", "", ".", "order_id.x", "price.", "Price", "accept_time.days", "*", "a,b"])
def test_an_unknown_path_is_named(path: str) -> None:
    with pytest.raises(InvalidField) as refused:
        mask_of(FieldMask(paths=["price", path]), Order)
    [violation] = refused.value.violations
    assert violation.field == "read_mask"
    assert repr(path) in violation.description


def test_a_mask_has_a_limit() -> None:
    mask_of(FieldMask(paths=["price"] * MAX_PATHS), Order)
    with pytest.raises(InvalidField, match="at most 64"):
        mask_of(FieldMask(paths=["price"] * (MAX_PATHS + 1)), Order)


@pytest.mark.parametrize(
    ("paths", "order", "fill"),
    [
        ([], ORDER, FILL),
        (["price"], Order(price="2"), None),
        (["fills"], None, FILL),
        (["fills.fee"], None, Fill(fee="7")),
        (["fills.fee", "fills"], None, FILL),
        (["price", "fills.fee"], Order(price="2"), Fill(fee="7")),
    ],
)
def test_a_list_beside_the_message_is_named_with_it(paths: list[str], order: Order | None, fill: Fill | None) -> None:
    of_order, of_fills = split_mask_of(FieldMask(paths=paths), Order, "fills", Fill)
    assert (kept(of_order, ORDER), kept(of_fills, FILL)) == (order, fill)


@pytest.mark.parametrize("path", ["fills.", "fills.nothing", "fill", "fills.price.x"])
def test_an_unknown_path_of_the_list_is_refused(path: str) -> None:
    with pytest.raises(InvalidField):
        split_mask_of(FieldMask(paths=[path]), Order, "fills", Fill)
