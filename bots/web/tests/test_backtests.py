"""/backtest/: a form that starts one, results that are kept, and what may be done with a result."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from bots.backtest import kept, service
from bots.models import Backtest, BacktestKind, BacktestStatus
from bots.web.tests.conftest import DCA, GRID, Making
from exchanges.models import Credential
from marketdata.completing import CandlesLoading

URL = "/backtest/"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path, at_the_simulator: None) -> None:
    settings.HOME = tmp_path


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """So what is submitted must be done at once, on however slow a machine."""
    monkeypatch.setattr(kept, "ask_for_a_run", lambda: None)
    monkeypatch.setattr(kept, "PATIENCE", 600.0)
    monkeypatch.setattr(kept, "SHORT", 600.0)


def form(**changes: Any) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    days = {"start_date": f"{today - timedelta(days=1)}", "end_date": f"{today}"}
    how = {"timeframe": "1m", "fill_model": "ohlc", "fees": "0.1", "taker_fees": "0.15", "slippage": "0.02"}
    market = {"strategy": "grid", "exchange": "binance", "symbol": "btc/usdt"}
    return market | days | how | {"spacing": "arithmetic", "post_only": "on"} | GRID | changes


@pytest.fixture
def done(as_alice: Client) -> Backtest:
    as_alice.post(URL, form())
    return Backtest.objects.get()


def waiting(user: User) -> Backtest:
    asked = service.Request("grid", "BTC/USDT", *(datetime.now(UTC).date(),) * 2, GRID)
    return kept.enqueue(user=user, kind=BacktestKind.RUN, request=kept.request_json(asked))


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_results_the_page_invites(as_alice: Client) -> None:
    page = shown(as_alice, URL)
    assert "No backtest yet" in page
    assert "simulated market" in page


def test_it_needs_no_key(as_alice: Client) -> None:
    answer = as_alice.post(URL, form())
    row = Backtest.objects.get()
    assert answer.headers["Location"] == f"/backtest/{row.id}/"
    assert row.request["symbol"] == "BTC/USDT"
    assert row.request["fees"] == "0.001"
    assert row.request["config"]["lower_price"] == "60000"


def test_the_result_is_figures_sentences_and_plots(as_alice: Client, done: Backtest) -> None:
    page = shown(as_alice, f"/backtest/{done.id}/")
    assert "1,000.00 USDT would have become" in page
    assert "promises nothing" in page
    assert page.count("<figure") == 3
    assert 'class="plot-fill plot-buy" d="M' in page
    assert "60,000.00" in page
    assert "Shorter way first" in page


def test_the_list_shows_the_figures_that_matter(as_alice: Client, done: Backtest) -> None:
    page = shown(as_alice, URL)
    assert f"/backtest/{done.id}/" in page
    assert "BTC/USDT grid of 12" in page
    assert "Deepest fall" in page


def test_a_dca_bot_is_replayed_too(as_alice: Client) -> None:
    as_alice.post(URL, form(strategy="dca", **(DCA | {"interval": "1h"})))
    page = shown(as_alice, f"/backtest/{Backtest.objects.get().id}/")
    assert "DCA, replayed" in page
    assert "1 hour" in page
    assert ">3%<" in page
    assert "too short to tell" in page
    assert "Extra buy" not in page


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"investment": "10"}, "investment", "invest at least"),
        ({"symbol": "NO/SUCH"}, "symbol", "does not list"),
        ({"lower_price": ""}, "lower_price", "required"),
        ({"end_date": "2020-01-01"}, "end_date", "Must not be before"),
        ({"end_date": "2199-01-01"}, "end_date", "Must not be after today"),
        ({"start_date": "yesterday"}, "start_date", "valid date"),
        ({"fees": "7"}, "fees", "less than or equal to 5"),
        ({"exchange": "nowhere"}, "exchange", "not one of the available"),
    ],
)
def test_what_cannot_be_replayed_is_said_at_its_field(
    as_alice: Client, changes: dict[str, str], field: str, says: str
) -> None:
    answer = as_alice.post(URL, form(**changes))
    assert answer.status_code == 422
    assert says in answer.context["form"].errors[field][0]
    assert not Backtest.objects.exists()


def test_too_many_are_refused_in_a_sentence(as_alice: Client, settings: Any) -> None:
    settings.AUTOGRID_MOST_BACKTESTS_PER_DAY = 0
    answer = as_alice.post(URL, form())
    assert "go on tomorrow" in answer.content.decode()


def test_missing_candles_make_a_job_with_a_bar_that_moves(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loading(*_: Any, **__: Any) -> Any:
        raise CandlesLoading("12 % are here.", 0.12)

    monkeypatch.setattr(service, "backtest", loading)
    as_alice.post(URL, form())
    row = Backtest.objects.get()
    page = shown(as_alice, f"/backtest/{row.id}/")
    assert 'hx-trigger="every 1s"' in page
    assert '<meta http-equiv="refresh"' in page
    Backtest.objects.update(status=BacktestStatus.RUNNING, progress=0.42, doing="Replaying.")
    moved = shown(as_alice, f"/backtest/{row.id}/progress/")
    assert 'value="42"' in moved
    assert "Replaying." in moved
    Backtest.objects.update(status=BacktestStatus.FAILED, error="The exchange is gone.")
    assert as_alice.get(f"/backtest/{row.id}/progress/").headers["HX-Refresh"] == "true"
    ended = shown(as_alice, f"/backtest/{row.id}/")
    assert "The exchange is gone." in ended
    assert f"/backtest/?like={row.id}" in ended


def test_one_that_waits_can_be_cancelled(as_alice: Client, alice: User) -> None:
    row = waiting(alice)
    as_alice.post(f"/backtest/{row.id}/cancel/")
    assert Backtest.objects.get().status == BacktestStatus.CANCELLED
    assert "It was cancelled" in shown(as_alice, f"/backtest/{row.id}/")


def test_a_result_can_be_asked_again_changed_and_deleted(as_alice: Client, done: Backtest) -> None:
    as_alice.post(f"/backtest/{done.id}/again/")
    assert Backtest.objects.count() == 2
    assert "0.1%, taker 0.15%" in shown(as_alice, f"/backtest/{done.id}/")
    page = shown(as_alice, f"/backtest/?like={done.id}")
    assert all(f'value="{value}"' in page for value in ("60000", "0.15", "0.02"))
    as_alice.post(f"/backtest/{done.id}/delete/")
    assert not Backtest.objects.filter(id=done.id).exists()


def test_a_result_turns_into_a_bot_at_the_same_exchange(
    as_alice: Client, key: Credential, done: Backtest
) -> None:
    page = shown(as_alice, f"/bots/new/?backtest={done.id}")
    assert 'value="60000"' in page
    assert f'value="{key.id}" selected' in page


def test_a_bot_can_be_replayed(as_alice: Client, as_bob: Client, making: Making) -> None:
    bot = making()
    assert 'value="60000"' in shown(as_alice, f"/backtest/?bot={bot.id}")
    assert as_bob.get(f"/backtest/?bot={bot.id}").status_code == 404


def test_trades_come_in_pages_and_as_a_file(as_alice: Client, done: Backtest) -> None:
    count = done.result["total_trades"]
    assert count > 25
    first, second = (shown(as_alice, f"/backtest/{done.id}/?page={page}") for page in (1, 2))
    assert f"Page 1 of {-(-count // 25)}" in first
    assert "Newer" in second
    lines = as_alice.get(f"/backtest/{done.id}/trades.csv").content.decode().splitlines()
    assert lines[0] == "time,slot,side,price,quantity,fee,fee_asset,liquidity"
    assert len(lines) == count + 1
    assert "e-" not in "".join(lines)


def test_two_are_compared_side_by_side(as_alice: Client, done: Backtest) -> None:
    as_alice.post(URL, form(grid_count="6"))
    other = Backtest.objects.exclude(id=done.id).get()
    page = shown(as_alice, f"/backtest/compare/?id={done.id}&id={other.id}")
    assert page.count("<polyline") == 2
    assert page.index("differs") < page.index("Lower price")


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_cannot_be_compared(as_alice: Client, done: Backtest, count: int) -> None:
    answer = as_alice.get("/backtest/compare/", {"id": [str(done.id)] * count}, follow=True)
    assert "Choose 2 to 4" in answer.content.decode()


def test_another_users_results_are_not_found(as_bob: Client, done: Backtest) -> None:
    base = f"/backtest/{done.id}/"
    reads = ["", "progress/", "trades.csv"]
    assert {as_bob.get(base + part).status_code for part in reads} == {404}
    assert {as_bob.post(f"{base}{part}/").status_code for part in ("again", "cancel", "delete")} == {404}
    for path in (
        f"/backtest/compare/?id={done.id}",
        f"/backtest/?like={done.id}",
        f"/bots/new/?backtest={done.id}",
    ):
        assert as_bob.get(path).status_code == 404
    assert as_bob.get(f"/backtest/?like={uuid4()}").status_code == 404


def test_the_market_brings_a_range_around_the_price_at_the_start(as_alice: Client, done: Backtest) -> None:
    asked = {"exchange": "binance", "symbol": "btc/usdt", "start_date": done.request["start_date"]}
    answer = as_alice.get("/backtest/market/", asked).json()
    assert (answer["symbol"], answer["quote"]) == ("BTC/USDT", "USDT")
    first = done.result["buy_and_hold_curve"][0][1]
    assert first == 1000
    assert float(answer["lower"]) < float(answer["upper"])
    assert as_alice.get("/backtest/market/", asked | {"symbol": "NO/SUCH"}).status_code == 404


def test_symbols_are_offered_of_the_exchange_in_the_form(as_alice: Client) -> None:
    assert "ETH/USDT" in shown(as_alice, "/bots/new/symbols/?exchange=bybit&symbol=eth")
