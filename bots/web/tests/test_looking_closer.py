"""The price of a backtest, whole or a stretch of it: links that work without a script."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from bots.models import Backtest
from bots.web.price_plot import Reach, Stretch, reach_of, stretch_of
from bots.web.tests.test_backtests import form

MINUTE = 60_000
REACH = Reach(0, 1000 * MINUTE, 20 * MINUTE)


@pytest.fixture
def done(as_alice: Client, settings: Any, tmp_path: Path, at_the_simulator: None) -> Backtest:
    settings.HOME = tmp_path
    as_alice.post("/backtest/", form())
    return Backtest.objects.get()


def links(page: str) -> dict[str, str]:
    found = re.findall(r'id="price-(\w+)" href="[^"?#]*(\??[^"#]*)#price-plot"', page)
    return {name: query.replace("&amp;", "&") for name, query in found}


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [
        (100, 300, (100, 300)),
        (-50, 150, (0, 200)),
        (900, 1100, (800, 1000)),
        (500, 502, (491, 511)),  # no fewer than twenty candles
        (-9, 5000, (0, 1000)),
        (300, 100, (190, 210)),
    ],
)
def test_a_stretch_stays_within_what_there_is(start: int, end: int, seen: tuple[int, int]) -> None:
    found = REACH.stretch(start * MINUTE, end * MINUTE)
    assert (found.start, found.end) == (seen[0] * MINUTE, seen[1] * MINUTE)
    assert found.whole == (seen == (0, 1000))


@pytest.mark.parametrize(
    "query", [{}, {"start": "1"}, {"start": "x", "end": "2"}, {"start": "9" * 30, "end": "9"}]
)
def test_a_query_that_names_no_stretch_shows_the_whole(query: dict[str, str]) -> None:
    assert stretch_of(REACH, query) == Stretch(0, 1000 * MINUTE, whole=True)


@pytest.mark.django_db(transaction=True)
def test_links_lead_closer_aside_and_back_to_the_whole(as_alice: Client, done: Backtest) -> None:
    page = f"/backtest/{done.id}/"
    whole = links(as_alice.get(page).content.decode())
    assert set(whole) == {"closer"}  # there is nothing wider, earlier or later
    near = as_alice.get(f"{page}price/{whole['closer']}").content.decode()
    assert set(links(near)) == {"earlier", "later", "closer", "wider", "all"}
    assert links(near)["all"] == ""
    assert links(near)["wider"] == ""
    reach = reach_of(done.request, done.result)
    length = reach.end - reach.start
    shown = re.search(r'data-start="(\d+)" data-end="(\d+)"', near)
    assert shown is not None
    assert int(shown[2]) - int(shown[1]) == pytest.approx(length / 2, abs=2)
    assert (
        near in as_alice.get(f"{page}{whole['closer']}").content.decode()
    )  # the page itself takes the query too


@pytest.mark.django_db(transaction=True)
def test_nobody_elses_price_is_shown(as_bob: Client, client: Client, done: Backtest) -> None:
    assert as_bob.get(f"/backtest/{done.id}/price/").status_code == 404
    assert client.get(f"/backtest/{done.id}/price/").status_code == 302
