"""What payments towards an order come to, and the signature as another program writes it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import nowpayments
from billing.prepaid import Part, judge, months_after

STATUSES = [
    "waiting",
    "confirming",
    "confirmed",
    "sending",
    "partially_paid",
    "finished",
    "failed",
    "refunded",
]
PARTS = st.lists(
    st.builds(
        Part,
        st.sampled_from(STATUSES),
        st.just(Decimal("0.001")),
        st.decimals(0, "0.002", places=6),
        st.sampled_from([Decimal(19), Decimal("7.6")]),
    ),
    max_size=5,
)
# Made and signed with Node: JSON.stringify over recursively sorted keys, createHmac("sha512", "ipn-secret").
BODY = (
    '{"payment_id":5077125051,"payment_status":"finished","pay_amount":0.00001,"actually_paid":1e-7,"price_amount":19,'
    '"order_description":"Größe é/\\u0007","fee":{"withdrawalFee":0,"currency":"btc","depositFee":0.5},'
    '"invoice_id":null,"ids":[3,1,2]}'
).encode()
SIGNATURE = (
    "e25989228df4d56ca8da39bd32e13b7dc77ad7932dd6e079bf4958a0af4c174f"
    "2145daccd8da7bf53a138292667579264a89c4f90d6cd6202e621f36bcc7e931"
)


@given(PARTS, st.randoms())
def test_the_order_of_payments_does_not_matter_and_only_enough_money_buys(parts, random):
    found = judge(parts, Decimal(19))
    shuffled = parts[:]
    random.shuffle(shuffled)
    assert judge(shuffled, Decimal(19)) == found
    assert (found.status in ("paid", "overpaid")) == (found.arrived >= Decimal("18.905"))
    counted = [part for part in parts if part.status in ("finished", "partially_paid")]
    assert found.arrived == sum((part.price * part.paid / part.asked for part in counted), Decimal(0))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [("2026-01-31", 1, "2026-02-28"), ("2027-11-30", 3, "2028-02-29"), ("2026-12-05", 12, "2027-12-05")],
)
def test_months_are_those_of_the_calendar(start, months, end):
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert months_after(at(start), months) == at(end)


def test_numbers_are_signed_as_they_were_written(settings):
    settings.NOWPAYMENTS_API_KEY, settings.NOWPAYMENTS_IPN_SECRET = "key", "ipn-secret"
    assert nowpayments.read_ipn(BODY, SIGNATURE)["payment_id"] == "5077125051"
    for body in (
        BODY.replace(b"19", b"20"),
        BODY.replace(b"[3,1,2]", b"[1,2,3]"),
        b"",
        b"\xff",
        b"[" * 100_000,
    ):
        with pytest.raises(nowpayments.BadSignature):
            nowpayments.read_ipn(body, SIGNATURE)
