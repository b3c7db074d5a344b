"""/bots/new/past/: what the bot in the form would have done."""

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from bots.web.curves import HEIGHT, MARGIN, WIDTH, polylines
from bots.web.tests.conftest import GRID
from bots.web.views import backtest
from exchanges.models import Credential

URL = "/bots/new/past/"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path
    monkeypatch.setattr(backtest, "PATIENCE", 600.0)


def form(key: Credential, **changes: Any) -> dict[str, Any]:
    common = {"strategy": "grid", "credential": str(key.id), "symbol": "BTC/USDT", "days": "7"}
    return common | {"spacing": "arithmetic", "on_stop": "keep", "post_only": "on"} | GRID | changes


def test_the_figures_and_both_curves_are_shown(as_alice: Client, key: Credential) -> None:
    shown = as_alice.post(URL, form(key)).content.decode()
    assert "Return in 7 days" in shown
    assert shown.count("<polyline") == 2
    assert "Buy and hold" in shown
    assert "market is simulated" in shown
    assert "by the way within candles" in shown
    quick = as_alice.post(URL, form(key) | {"quick": ""}).content.decode()
    assert "data-partial" in quick


def test_while_candles_are_fetched_the_page_asks_again(
    as_alice: Client, key: Credential, monkeypatch: Any
) -> None:
    monkeypatch.setattr(backtest, "PATIENCE", -1.0)
    shown = as_alice.post(URL, form(key, days="30")).content.decode()
    assert "0 % are here" in shown
    assert "data-loading" in shown


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"investment": "10"}, "invest at least"),
        ({"lower_price": ""}, "required"),
        ({"symbol": "NO/SUCH"}, "does not list"),
        ({"credential": ""}, "Fill in key"),
    ],
)
def test_what_cannot_be_replayed_is_said(
    as_alice: Client, key: Credential, changes: dict[str, str], says: str
) -> None:
    assert says in as_alice.post(URL, form(key, **changes)).content.decode()


def test_an_odd_number_of_days_is_taken_for_the_usual(as_alice: Client, key: Credential) -> None:
    assert "Return in 30 days" in as_alice.post(URL, form(key, days="1000000")).content.decode()


def test_curves_lie_in_one_frame() -> None:
    equity, hold = polylines([[0, 100.0], [10, 200.0]], [[0, 100.0], [10, 150.0]])
    assert equity == f"0.0,{HEIGHT - MARGIN:.1f} {WIDTH:.1f},{MARGIN:.1f}"
    assert hold == f"0.0,{HEIGHT - MARGIN:.1f} {WIDTH:.1f},{HEIGHT / 2:.1f}"
    assert polylines([]) == [""]


def test_it_leads_to_a_full_backtest_of_the_same(as_alice: Client, key: Credential) -> None:
    shown = as_alice.post(URL, form(key, post_only="", grid_count="9")).content.decode()
    link = unescape(shown.split('href="/backtest/?')[1].split('"')[0])
    page = as_alice.get(f"/backtest/?{link}").content.decode()
    assert 'name="grid_count" value="9"' in page
    assert 'name="lower_price" value="60000"' in page
    box = page.split('name="post_only"')[1].split(">")[0]
    assert "checked" not in box
