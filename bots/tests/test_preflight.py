"""POST /bots/preflight: everything that would fail, at once, with the number that mends it; nothing is kept."""

from decimal import Decimal

from bots.models import Bot
from bots.tests.conftest import BOTS, DCA, GRID, body, errors_of
from exchanges import sealed

URL = f"{BOTS}/preflight"


def failures_of(response):
    assert response.status_code == 200
    assert set(response.json()) == {"ok", "failures", "summary"}
    assert not response.json()["ok"]
    return {failure["field"]: failure for failure in response.json()["failures"]}


def test_a_good_grid_is_told_what_it_would_do(alices, alices_key):
    answer = alices.post(URL, body(alices_key)).json()
    assert (answer["ok"], answer["failures"]) == (True, [])
    summary = answer["summary"]
    assert len(summary["levels"]) == 21
    assert summary["levels"][0] == "45000"
    assert Decimal(summary["profit_per_grid_min"]) > 0
    assert Decimal(summary["quantity_per_slot"]) * 20 * 45_000 < 1000
    assert not Bot.objects.exists()


def test_the_name_may_be_left_out(alices, alices_key):
    data = body(alices_key)
    del data["name"]
    assert alices.post(URL, data).json()["ok"]


def test_all_that_fails_is_told_at_once(alices, alices_key):
    config = GRID | {
        "investment": "150000",
        "lower_price": "49000",
        "upper_price": "50000",
        "grid_count": 200,
    }
    found = failures_of(alices.post(URL, body(alices_key, config=config)))
    assert found["investment"]["code"] == "insufficient_balance"
    assert "100,000.00 USDT" in found["investment"]["detail"]
    assert found["grid_count"]["code"] == "unprofitable"


def number_in(detail, after):
    return detail.lower().partition(after)[2].split()[0].rstrip(".,:")


def test_the_number_that_it_names_mends_the_investment(alices, alices_key):
    config = GRID | {"investment": "50"}
    detail = failures_of(alices.post(URL, body(alices_key, config=config)))["investment"]["detail"]
    mended = GRID | {"investment": number_in(detail, "invest at least ")}
    assert alices.post(URL, body(alices_key, config=mended)).json()["ok"]
    fewer = config | {"grid_count": int(number_in(detail, "use at most "))}
    assert alices.post(URL, body(alices_key, config=fewer)).json()["ok"]


def test_the_number_that_it_names_mends_the_grid_count(alices, alices_key):
    config = GRID | {"lower_price": "49500", "upper_price": "50500", "grid_count": 100, "investment": "5000"}
    detail = failures_of(alices.post(URL, body(alices_key, config=config)))["grid_count"]["detail"]
    mended = config | {"grid_count": int(number_in(detail, "use at most "))}
    assert alices.post(URL, body(alices_key, config=mended)).json()["ok"]


def test_the_number_that_it_names_mends_a_dca(alices, alices_key):
    config = DCA | {"amount": "1"}
    data = body(alices_key, strategy="dca", config=config)
    detail = failures_of(alices.post(URL, data))["amount"]["detail"]
    data["config"] = config | {"amount": number_in(detail, "use at least ")}
    assert alices.post(URL, data).json()["ok"]


def test_a_dca_is_told_its_safety_orders(alices, alices_key):
    config = {"amount": "100", "price_drop": "2", "max_orders": 2, "volume_scale": "2", "take_profit": "3"}
    summary = alices.post(URL, body(alices_key, strategy="dca", config=config)).json()["summary"]
    orders = [(Decimal(each["price"]), Decimal(each["amount"])) for each in summary["safety_orders"]]
    assert orders == [(49_000, 200), (48_000, 400)]
    assert Decimal(summary["full_cycle"]) == 700


def test_anothers_key_cannot_be_asked_about(bobs, bob, alices_key):
    assert errors_of(bobs.post(URL, body(alices_key))) == [("unknown", "credential_id")]


def test_a_key_that_the_exchange_refuses_is_named(alices, alices_key):
    alices_key.api_key_encrypted = sealed.seal("api_key_encrypted", alices_key.pk, "deleted-at-the-exchange")
    alices_key.save()
    response = alices.post(URL, body(alices_key))
    assert response.status_code == 400
    assert errors_of(response) == [("account_refused", "credential_id")]
    assert errors_of(alices.post(URL, body(alices_key))) == [("credential_invalid", "credential_id")]
