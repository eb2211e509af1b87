"""Page tokens continue the list that gave them out, and no other."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.money import INT64_MAX, INT64_MIN
from services.kernel.page import MAX_PAGE_SIZE, InvalidPageToken, key_of, page_size, token_of

QUESTION = "ListOrders account=7 status=NEW"


def test_page_sizes_stay_inside_the_limits() -> None:
    assert [page_size(asked) for asked in (-1, 0, 1, 500, 501)] == [50, 50, 1, 500, MAX_PAGE_SIZE]
    assert page_size(0, default=100) == 100


@given(st.integers(INT64_MIN, INT64_MAX), st.text(max_size=40))
def test_a_token_brings_its_key_back(number: int, text: str) -> None:
    assert key_of(QUESTION, token_of(QUESTION, (number, text)), int, str) == (number, text)


def test_no_token_is_the_first_page() -> None:
    assert key_of(QUESTION, "", int) is None


@pytest.mark.parametrize("question", ["ListOrders account=8 status=NEW", ""])
def test_a_token_of_another_list_is_refused(question: str) -> None:
    with pytest.raises(InvalidPageToken):
        key_of(question, token_of(QUESTION, (7,)), int)


def forged(*parts: object) -> str:
    digest = json.loads(base64.urlsafe_b64decode(token_of(QUESTION, ()) + "=="))[0]
    return base64.urlsafe_b64encode(json.dumps([digest, *parts]).encode()).decode()


@pytest.mark.parametrize(
    "token",
    ["x", "é", "====", forged(), forged("7"), forged(7, 7), forged(True), forged(2**63), forged([7]), "A" * 9_999],
)
def test_a_token_that_nobody_gave_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidPageToken):
        key_of(QUESTION, token, int)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        key_of(QUESTION, text, int)
    except InvalidPageToken:
        return
    assert text == ""
