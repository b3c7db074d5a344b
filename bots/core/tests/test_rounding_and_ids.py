"""Exact steps, and client ids that name their order."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.core.ids import LENGTH, ClientId, bot_code, bot_prefix, client_id, parse
from bots.core.rounding import ceil_to, floor_to, nearest, plain, round8
from bots.core.tests.strategies import places
from bots.core.types import Side

steps = st.sampled_from([Decimal("0.01"), Decimal("0.00001"), Decimal("0.05"), Decimal(1), Decimal("1e-8")])
slots = st.integers(-2, 36**2 - 3)
Part = tuple[int, int, Side, int]
parts = st.tuples(slots, st.integers(0, 36**5 - 1), st.sampled_from(Side), st.integers(0, 36**3 - 1))


@given(places("0", "1000000"), steps)
def test_rounding_lands_on_the_step_and_within_it(value: Decimal, step: Decimal) -> None:
    low, high, near = floor_to(value, step), ceil_to(value, step), nearest(value, step)
    assert low <= value <= high
    assert high - low in (0, step)
    assert near in (low, high)
    assert abs(near - value) <= step / 2
    for rounded in (low, high, near):
        assert rounded / step == (rounded / step).to_integral_value()
        assert floor_to(rounded, step) == ceil_to(rounded, step) == nearest(rounded, step) == rounded


@given(places("-1000000", "1000000", 12))
def test_the_ledger_keeps_eight_places(value: Decimal) -> None:
    assert round8(value).as_tuple().exponent == -8
    assert abs(round8(value) - value) <= Decimal("5e-9")


@given(places("0", "1000000"))
def test_plain_text_says_the_same_number_without_exponent_or_idle_zeros(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))
    assert not text.endswith(".")


@given(st.uuids(), parts)
def test_an_id_says_which_order_it_names(bot: UUID, part: tuple[int, int, Side, int]) -> None:
    slot, cycle, side, attempt = part
    text = client_id(bot, slot, cycle, side, attempt)
    assert len(text) == LENGTH == 26
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert text.startswith(bot_prefix(bot))
    assert parse(text) == ClientId(bot_code(bot), slot, cycle, side, attempt)


@given(st.uuids(), parts, parts)
def test_two_orders_never_share_an_id(bot: UUID, one: Part, other: Part) -> None:
    assert (client_id(bot, *one) == client_id(bot, *other)) == (one == other)


@pytest.mark.parametrize(
    "text", ["", "x-HNA2TXFJ0123", "ag", "zz" + "0" * 24, "ag" + "0" * 20 + "x000", "AG" + "0" * 24]
)
def test_ids_of_others_are_refused(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "part",
    [
        (-3, 0, Side.BUY, 0),
        (1294, 0, Side.BUY, 0),
        (0, -1, Side.BUY, 0),
        (0, 36**5, Side.BUY, 0),
        (0, 0, Side.BUY, 36**3),
    ],
)
def test_what_an_id_cannot_name_is_refused(part: Part) -> None:
    with pytest.raises(ValueError):
        client_id(UUID(int=1), *part)
