"""What a user has computed is kept for him, and for nobody else."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from bots.backtest import kept
from bots.models import Backtest, BacktestKind, BacktestStatus
from bots.tests.test_backtest import URL, body, stored

__all__ = ["stored"]
pytestmark = pytest.mark.django_db


def waiting(user: User, **changes: Any) -> Backtest:
    values = {"kind": BacktestKind.RUN, "status": BacktestStatus.QUEUED, "request": {"symbol": "BTC/USDT"}}
    return Backtest.objects.create(user=user, **(values | changes))


def test_a_backtest_is_kept_as_it_was_answered(alices: APIClient, stored: None) -> None:
    answered = alices.post(URL, body(), format="json").json()
    found = alices.get(f"{URL}/{answered['id']}").json()
    assert (found["kind"], found["status"], found["progress"]) == ("run", "done", 1.0)
    assert {"id": answered["id"], **found["result"]} == answered
    assert found["summary"]["total_return"] == answered["total_return"]
    assert found["request"]["config"] == body()["config"]
    assert found["request"]["fees"] == "0.001"


def test_the_kept_request_asks_for_the_same_again(alices: APIClient, stored: None) -> None:
    asked = body(fees="0.0005", timeframe="5m", risk=True)
    answered = alices.post(URL, asked, format="json").json()
    request = alices.get(f"{URL}/{answered.pop('id')}").json()["request"]
    again = alices.post(URL, request, format="json").json()
    assert again.pop("id")
    assert again == answered


def test_the_list_is_the_users_own_newest_first(
    alices: APIClient, alice: User, bob: User, stored: None
) -> None:
    ids = [str(waiting(alice).pk) for _ in range(3)]
    waiting(bob)
    found = alices.get(URL).json()
    assert [row["id"] for row in found["backtests"]] == ids[::-1]
    assert "result" not in found["backtests"][0]
    assert found["next"] is None


def test_anothers_is_not_found(alices: APIClient, bob: User) -> None:
    his = waiting(bob)
    assert alices.get(f"{URL}/{his.pk}").status_code == 404
    assert alices.delete(f"{URL}/{his.pk}").status_code == 404
    his.refresh_from_db()
    assert his.status == "queued"


@pytest.mark.parametrize("status", ["queued", "running"])
def test_one_that_waits_or_runs_is_cancelled_and_then_deleted(
    alices: APIClient, alice: User, status: str
) -> None:
    mine = waiting(alice, status=status)
    assert alices.delete(f"{URL}/{mine.pk}").status_code == 204
    mine.refresh_from_db()
    assert mine.status == "cancelled"
    assert mine.finished_at is not None
    assert alices.delete(f"{URL}/{mine.pk}").status_code == 204
    assert not Backtest.objects.exists()


def test_only_the_newest_are_kept_and_none_that_waits_goes(alice: User, bob: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    waits = waiting(alice)
    ended = [waiting(alice, status="done") for _ in range(4)]
    bobs = [waiting(bob, status="failed") for _ in range(3)]
    kept.forget_the_oldest(alice)
    assert set(Backtest.objects.values_list("pk", flat=True)) == {
        row.pk for row in [waits, *ended[2:], *bobs]
    }


def test_a_day_has_its_share_of_starts(
    alices: APIClient, bobs: APIClient, stored: None, settings: Any, within_a_day: None
) -> None:
    settings.AUTOGRID_MOST_BACKTESTS_PER_DAY = 1
    assert alices.post(URL, body(), format="json").status_code == 200
    refused = alices.post(URL, body(), format="json")
    assert refused.status_code == 409
    assert "go on tomorrow" in refused.json()["errors"][0]["detail"]
    assert bobs.post(URL, body(), format="json").status_code == 200


def test_nobody_queues_more_than_his_share(alices: APIClient, alice: User, stored: None) -> None:
    for _ in range(kept.MOST_WAITING):
        waiting(alice)
    answer = alices.post(URL, body(background=True), format="json")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "too_many"
