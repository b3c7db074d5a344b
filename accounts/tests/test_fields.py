from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from accounts.api.fields import DecimalField


@pytest.mark.parametrize(
    ("given_value", "value"),
    [
        ("0.1", "0.1"),
        (0.1, "0.1"),
        (5, "5"),
        (" 7 ", "7"),
        ("1e-8", "0.00000001"),
        ("-3.5", "-3.5"),
        ("1e3", "1000"),
    ],
)
def test_numbers_and_strings_are_taken_exactly(given_value, value):
    assert DecimalField().run_validation(given_value) == Decimal(value)


@pytest.mark.parametrize(
    "bad",
    [
        *["NaN", "-nan", "sNaN", "Infinity", "-inf", float("nan"), float("inf")],
        *["", "x", "1_000", "1,5", "0x10", "１２", "1e", "--1", "1 2", "\0"],
        *[True, False, [], {}, [1], b"1"],
        *["1e999", "1e99999999999", "9" * 65, "12345678901", "0.000000001", 10**300, 1e300],
    ],
)
def test_everything_else_is_refused_with_words(bad):
    with pytest.raises(ValidationError) as refusal:
        DecimalField().run_validation(bad)
    assert all(str(detail) for detail in refusal.value.detail)


def test_zero_is_shown_without_exponent():
    assert DecimalField().to_representation(Decimal("0E-8")) == "0.00000000"


@given(st.decimals(min_value=0, max_value=10**9, places=8))
def test_what_is_shown_is_read_back_the_same(value):
    field = DecimalField()
    assert field.run_validation(field.to_representation(value)) == value
