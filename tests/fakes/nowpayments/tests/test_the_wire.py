"""The stand-in as a stranger's client sees it."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.fakes.nowpayments.server import FakeNowPayments

INVOICE = {"price_amount": "19", "price_currency": "usd", "order_id": "one", "order_description": "Starter"}


def ask(url: str, body: bytes | None = None, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as reply:
        return reply.read().decode()


@pytest.mark.parametrize(
    ("button", "status", "share"),
    [
        ("pay", "finished", 1),
        ("less", "partially_paid", 0.6),
        ("more", "finished", 1.5),
        ("expire", "expired", 0),
    ],
)
def test_an_invoice_s_page_leads_to_every_end_and_outlives_a_restart(tmp_path, button, status, share):
    state = tmp_path / "state.json"
    fake = FakeNowPayments("secret", state=state)
    body = json.dumps({**INVOICE, "ipn_callback_url": "http://127.0.0.1/ipn"}).encode()
    made = json.loads(ask(f"{fake.url}/v1/invoice", body, **{"x-api-key": "any"}))
    assert "Starter: $19.00" in ask(made["invoice_url"])
    ask(made["invoice_url"], urllib.parse.urlencode({"do": button}).encode())
    fake.close()
    again = FakeNowPayments("secret", state=state)
    (payment,) = again.books.payments
    found = json.loads(ask(f"{again.url}/v1/payment/{payment}", **{"x-api-key": "any"}))
    assert (found["payment_status"], found["order_id"]) == (status, "one")
    assert found["actually_paid"] == pytest.approx(found["pay_amount"] * share)
    assert [json.loads(text)["payment_status"] for _, text, _ in again.books.take()][-1] == status
    again.close()


def test_without_a_key_nothing_is_answered():
    fake = FakeNowPayments("secret")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(f"{fake.url}/v1/invoice", b"{}")
    fake.close()
