"""The filters of templates. static/js/format.js must agree with them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bots.templatetags import trade


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1234567.895", "1,234,567.90"),
        ("-0.004", "0.00"),
        ("-2.5", "−2.50"),
        (None, "–"),
        ("0", "0.00"),
        ("x", "–"),
    ],
)
def test_money_is_shown_to_the_cent(value: str | None, shown: str) -> None:
    assert trade.money(value) == shown


@pytest.mark.parametrize(("value", "shown"), [("12.3", "+12.30"), ("-12.3", "−12.30"), ("0.001", "0.00")])
def test_a_gain_has_its_sign(value: str, shown: str) -> None:
    assert trade.signed(value) == shown


@pytest.mark.parametrize(
    ("value", "tone"), [("0.01", "up"), ("-0.01", "down"), ("0.001", "flat"), (None, "flat")]
)
def test_the_colour_is_that_of_what_is_shown(value: str | None, tone: str) -> None:
    assert trade.tone(value) == tone


def test_prices_and_quantities_keep_their_decimals() -> None:
    assert trade.price("65000.10000000") == "65,000.10"
    assert trade.price("0.00001234") == "0.00001234"
    assert trade.quantity("0.01000000") == "0.01"
    assert trade.quantity(Decimal("1E+3")) == "1,000"
    assert trade.average("64546.66666667") == "64,546.67"
    assert trade.average("0.12345678") == "0.12345678"


def test_lines_that_add_up_keep_every_decimal() -> None:
    assert [trade.exact(value) for value in ("0.29000000", "-0.00000001", "0")] == [
        "+0.29",
        "−0.00000001",
        "0.00",
    ]


def test_inputs_get_plain_numbers() -> None:
    assert trade.plain(Decimal("1E+3")) == "1000"
    assert trade.plain("0.10000000") == "0.1"


@pytest.mark.parametrize(
    ("value", "words"), [("1d", "1 day"), (604800, "1 week"), ("90", "90 seconds"), ("5400", "90 minutes")]
)
def test_durations_are_words(value: str | int, words: str) -> None:
    assert trade.duration(value) == words


def test_a_moment_in_a_reason_becomes_a_time_and_markup_stays_text() -> None:
    moment = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1000)
    shown = trade.sentence(f"the next <buy> is due at {moment}")
    assert shown.startswith("The next &lt;buy&gt; is due at <time")
    assert "2026-01-02 03:04:05 UTC" in shown
