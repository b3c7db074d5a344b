"""/backtest/optimize/: ranges in a form, how many configs they make, and what was found, as a page."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import sin
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from bots.backtest import jobs, kept
from bots.core.types import Candle
from bots.models import Backtest, BacktestStatus
from exchanges.models import Credential
from marketdata.services import store_candles

URL = "/backtest/optimize/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path, at_the_simulator: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path
    monkeypatch.setattr(kept, "ask_for_a_run", lambda: None)
    monkeypatch.setattr(kept, "PATIENCE", 600.0)
    monkeypatch.setattr(kept, "SHORT", 600.0)


def form(**changes: Any) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    return {
        "strategy": "grid",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "start_date": f"{today - timedelta(days=2)}",
        "end_date": f"{today}",
        "timeframe": "1h",
        "fill_model": "ohlc",
        "fees": "0.1",
        "prices": "percent",
        "lower_price": "90",
        "lower_price_to": "95",
        "lower_price_step": "5",
        "upper_price": "110",
        "grid_count": "4",
        "grid_count_to": "8",
        "grid_count_step": "4",
        "investment": "1000",
        "spacing": "arithmetic",
        "post_only": "on",
        "objective": "total_return",
        "max_configs": "1000",
        "folds": "0",
        **changes,
    }


@pytest.fixture
def done(as_alice: Client) -> Backtest:
    """Over days that have ended: no candle closes between the search and what is done with its result."""
    as_alice.post(URL, form(**stored_days()))
    assert jobs.run_waiting() == 1
    row = Backtest.objects.get()
    assert (row.status, row.error) == (BacktestStatus.DONE, "")
    return row


def swinging(first: date, last: date) -> None:
    """Stores minutes that go up and down by a tenth, four times a day."""
    begin = int(datetime.combine(first, time.min, UTC).timestamp()) * 1000
    count = ((last - first).days + 1) * 1440
    prices = [Decimal(65_000 + round(6_500 * sin(minute / 57))) for minute in range(count)]
    rows = [Candle(begin + i * 60_000, p, p, p, p, Decimal(1)) for i, p in enumerate(prices)]
    store_candles(exchange="binance", symbol="BTC/USDT", candles=rows)


def stored_days() -> dict[str, str]:
    days = {"start_date": "2024-01-01", "end_date": "2024-01-03"}
    swinging(*(date.fromisoformat(day) for day in days.values()))
    return days


def test_the_form_begins_with_ranges_that_fit_every_market(as_alice: Client) -> None:
    page = as_alice.get(URL).content.decode()
    assert 'name="lower_price_to" value="95"' in page
    assert "45 configs" in page  # told with the page, not asked for afterwards
    assert "simply lucky" in page


def test_the_number_of_configs_is_told_before_the_start(as_alice: Client) -> None:
    counted = as_alice.post(URL, form(count="1", folds="3"))
    assert "4 configs" in counted.content.decode()
    assert "walk-forward" in counted.content.decode()
    assert "Ranges to try" in counted.content.decode()
    part = as_alice.post(
        URL, form(count="1", max_configs="3"), headers={"HX-Request": "true"}
    ).content.decode()
    assert "3 configs" in part
    assert "chosen by chance" in part
    assert "Ranges to try" not in part
    assert not Backtest.objects.exists()


def test_what_hinders_the_count_is_said_of_its_field(as_alice: Client) -> None:
    page = as_alice.post(URL, form(count="1", lower_price=""), headers={"HX-Request": "true"})
    assert "Lower price: This field is required." in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"heat_x": "grid_count"}, "heat_x"),
        ({"heat_x": "grid_count", "heat_y": "stop_loss_price"}, "heat_x"),
        ({"strategy": "dca", "interval": "4h, soon"}, "interval"),
        ({"lower_price_to": "80"}, "lower_price"),
        ({"grid_count_step": "x"}, "grid_count"),
        ({"investment": ""}, "investment"),
        ({"folds": "99"}, "folds"),
        ({"max_configs": "0"}, "max_configs"),
        ({"symbol": "NO/SUCH"}, "symbol"),
    ],
)
def test_what_cannot_be_searched_is_said_at_its_field(
    as_alice: Client, changes: dict[str, str], field: str
) -> None:
    answer = as_alice.post(URL, form(**changes))
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert not Backtest.objects.exists()


def test_it_waits_with_a_bar_and_can_be_cancelled(as_alice: Client) -> None:
    answer = as_alice.post(URL, form(), follow=True)
    page = answer.content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert "90 to 95% of the first price, step 5" in page
    row = Backtest.objects.get()
    ended = as_alice.post(f"/backtest/{row.id}/cancel/", follow=True).content.decode()
    assert f"{URL}?like={row.id}" in ended


def test_the_result_is_a_map_a_table_the_best_and_a_warning(as_alice: Client, done: Backtest) -> None:
    page = as_alice.get(f"/backtest/{done.id}/").content.decode()
    found = done.result
    assert page.count('class="heat-cell') == 4 + 6  # and the key's
    assert page.count("heat-best") == 1
    assert "may well be luck" in page
    assert found["luck"]["sentence"] in page
    assert page.count("Backtest this") == len(found["best"])
    assert "The same as a table" in page
    assert "None was asked for" in page


def test_the_walk_forward_is_a_table(as_alice: Client) -> None:
    as_alice.post(URL, form(folds="1", timeframe="15m", **stored_days()))
    jobs.run_waiting()
    row = Backtest.objects.get()
    assert len(row.result["walk_forward"]) == 1
    page = as_alice.get(f"/backtest/{row.id}/").content.decode()
    assert "Return where judged" in page


def test_one_of_the_best_is_replayed_or_becomes_a_bot(
    as_alice: Client, as_bob: Client, key: Credential, done: Backtest
) -> None:
    best = done.result["best"][1]
    answer = as_alice.post(f"/backtest/{done.id}/best/1/")
    replayed = Backtest.objects.exclude(id=done.id).get()
    assert answer.headers["Location"] == f"/backtest/{replayed.id}/"
    assert replayed.summary["total_return"] == pytest.approx(best["total_return"], abs=1e-7)
    page = as_alice.get(f"/bots/new/?backtest={done.id}&best=1").content.decode()
    assert f'value="{best["config"]["lower_price"]}"' in page
    assert as_alice.post(f"/backtest/{done.id}/best/99/").status_code == 404
    assert as_bob.post(f"/backtest/{done.id}/best/1/").status_code == 404


def test_a_search_can_be_changed_and_repeated(as_alice: Client, done: Backtest) -> None:
    page = as_alice.get(f"{URL}?like={done.id}").content.decode()
    assert 'name="lower_price_to" value="95"' in page
    assert 'value="110"' in page
    as_alice.post(f"/backtest/{done.id}/again/")
    assert Backtest.objects.filter(kind="optimize").count() == 2


def test_both_spacings_are_tried_and_the_map_shows_the_fields_that_were_chosen(as_alice: Client) -> None:
    as_alice.post(URL, form(spacing="both", heat_x="spacing", heat_y="grid_count"))
    jobs.run_waiting()
    row = Backtest.objects.get()
    heat = row.result["heatmap"]
    assert (heat["x"], heat["xs"], heat["y"]) == ("spacing", ["arithmetic", "geometric"], "grid_count")
    assert row.result["tested"] == 8
    page = as_alice.get(f"/backtest/{row.id}/").content.decode()
    assert page.count("<li>Equal steps</li>") == 1
    assert "Equal steps, Equal per cent" in page  # what was asked
    again = as_alice.get(f"{URL}?like={row.id}").context["form"]
    assert [again[name].value() for name in ("spacing", "heat_x", "heat_y")] == [
        "both",
        "spacing",
        "grid_count",
    ]


def test_a_dca_bots_intervals_are_tried_beside_its_drops(as_alice: Client) -> None:
    deal = {"price_drop": "1", "price_drop_to": "2", "price_drop_step": "1", "max_orders": "3"}
    fields = {"interval": "4h, 1d", "heat_x": "interval", "heat_y": "price_drop"}
    as_alice.post(URL, form(strategy="dca", amount="100", missed="once", **deal, **fields))
    jobs.run_waiting()
    row = Backtest.objects.get()
    assert row.result["heatmap"]["xs"] == ["4h", "1d"]
    assert row.result["ranges"] == {"price_drop": ["1", "2"], "interval": ["4h", "1d"]}
    assert "4 hours" in as_alice.get(f"/backtest/{row.id}/").content.decode()
    assert as_alice.get(f"{URL}?like={row.id}").context["form"]["interval"].value() == "4h, 1d"


def test_a_dca_bots_drops_are_searched(as_alice: Client) -> None:
    deal = {
        "price_drop": "1",
        "price_drop_to": "2",
        "price_drop_step": "1",
        "take_profit": "1",
        "max_orders": "3",
    }
    as_alice.post(URL, form(strategy="dca", amount="100", repeat="on", missed="once", **deal))
    jobs.run_waiting()
    row = Backtest.objects.get()
    page = as_alice.get(f"/backtest/{row.id}/").content.decode()
    assert "Buy again on a drop of" in page
    assert page.count('class="heat-cell') == 2 + 6
