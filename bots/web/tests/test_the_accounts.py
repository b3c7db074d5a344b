"""What exchange accounts hold: looked at by workers, valued in USDT, told by `GET /portfolio` and on the dashboard."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bots import holdings, tasks
from bots.core.ports import ExchangeUnavailable, UnknownSymbol
from bots.core.types import Balance, Ticker
from bots.models import AccountSnapshot, AccountWorth
from bots.services import account_looks
from bots.web.tests.conftest import Making
from exchanges.models import Credential
from exchanges.services import create_credential

NOW = datetime(2026, 3, 5, 12, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a first look, and a look stays fresh however slow the machine is."""
    monkeypatch.setattr(account_looks, "FRESH", timedelta(days=1))
    monkeypatch.setattr("bots.api.portfolio.FIRST_LOOK", 0)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, Balance]:
    """What every account holds."""
    found: dict[str, Balance] = {"USDT": Balance(Decimal(1000), Decimal(500))}
    monkeypatch.setattr(account_looks.exchanges, "balances_of", lambda credential: found)
    return found


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> dict[str, Decimal]:
    """What the price feed knows; the exchange itself lists one market more."""
    found = {"BTC/USDT": Decimal(60_000)}

    def last(_venue: str, symbol: str) -> Ticker | None:
        price = found.get(symbol)
        return Ticker(symbol, price, price, price, 0) if price else None

    def asked(_venue: str, symbol: str) -> Ticker:
        if symbol != "USDT/TRY":
            raise UnknownSymbol(f"{symbol} is not listed.", "unknown_symbol")
        return Ticker(symbol, Decimal(40), Decimal(40), Decimal(40), 0)

    monkeypatch.setattr(account_looks, "last_ticker", last)
    monkeypatch.setattr(account_looks.exchanges, "ticker_of", asked)
    return found


@pytest.fixture
def row(alice: User) -> Credential:
    """A key that nobody asks an exchange about."""
    return Credential.objects.create(
        user=alice, exchange="binance", label="Main", mode="live", is_valid=True, account_uid="4711"
    )


def paper(user: User, label: str = "Paper") -> Credential:
    return create_credential(
        user=user, exchange="binance", label=label, mode="paper", paper_balance=Decimal(5000)
    )


def worths(credential: Credential, by_hour: dict[int, int]) -> None:
    for ago, worth in by_hour.items():
        AccountWorth.objects.create(
            credential=credential, hour=NOW.replace(minute=0) - timedelta(hours=ago), equity=worth
        )


def told(client: Client, **query: str) -> dict[str, Any]:
    answer = client.get("/api/v1/portfolio", query)
    assert answer.status_code == 200
    return answer.json()


def test_a_real_account_is_read_and_valued_by_the_worker(
    as_alice: Client, key: Credential, sent: list[UUID]
) -> None:
    empty = told(as_alice)
    assert (empty["equity"], empty["accounts"][0]["as_of"], sent) == ("0", None, [key.pk])
    tasks.look_at_account(str(key.pk))
    found = told(as_alice)
    account = found["accounts"][0]
    assert (found["currency"], found["mode"], found["equity"]) == ("USDT", "live", "100000.00000000")
    assert (account["credential_id"], account["label"], account["error"]) == (str(key.pk), "Main", "")
    assert [(each["asset"], Decimal(each["free"]), each["price"]) for each in account["assets"]] == [
        ("USDT", Decimal(100_000), "1")
    ]
    assert Decimal(found["equity_curve"][-1][1]) == 100_000
    assert sent == [key.pk]  # once within the time that a look stays fresh


def test_coins_are_valued_by_their_market_and_unknown_ones_not_at_all(
    as_alice: Client, row: Credential, sent: list[UUID], held: dict[str, Balance], priced: dict[str, Decimal]
) -> None:
    held |= {"BTC": Balance(Decimal("0.5")), "DUST": Balance(Decimal(7)), "TRY": Balance(Decimal(400))}
    account_looks.look(credential_id=row.pk, now=timezone.now())
    account = told(as_alice)["accounts"][0]
    assert [(each["asset"], each["value"]) for each in account["assets"]] == [
        ("BTC", "30000.00000000"),
        ("USDT", "1500.00000000"),
        ("TRY", "10.00000000"),
        ("DUST", None),
    ]
    assert Decimal(account["equity"]) == 31_510


def test_what_bots_work_with_is_a_part_of_the_account_and_never_added(
    as_alice: Client, key: Credential, making: Making, sent: list[UUID], held: dict[str, Balance]
) -> None:
    making("At work", status="running", cash=Decimal(700), base=Decimal("0"))
    making("Stopped", cash=Decimal(900))
    account_looks.look(credential_id=key.pk, now=timezone.now())
    found = told(as_alice)
    assert (Decimal(found["equity"]), Decimal(found["in_bots"])) == (1500, 700)


def test_a_key_that_is_refused_does_not_hide_what_a_newer_one_sees(
    row: Credential, held: dict[str, Balance]
) -> None:
    account_looks.look(credential_id=row.pk, now=NOW)
    Credential.objects.filter(pk=row.pk).update(is_valid=False)
    newer = Credential.objects.create(
        user=row.user, exchange="binance", label="Newer", mode="live", is_valid=True, account_uid="4711"
    )
    held["USDT"] = Balance(Decimal(10), Decimal(0))
    account_looks.look(credential_id=newer.pk, now=NOW + timedelta(days=3))
    found = holdings.portfolio(row.user, "live", "1d", NOW + timedelta(days=3))
    assert found["equity"] == 10
    assert [each["same_as"] for each in found["accounts"]] == [None, newer.pk]


def test_two_keys_of_one_account_count_it_once(
    as_alice: Client, row: Credential, sent: list[UUID], held: dict[str, Balance]
) -> None:
    twin = Credential.objects.create(
        user=row.user,
        exchange="binance",
        label="Twin",
        mode="live",
        is_valid=True,
        account_uid=row.account_uid,
    )
    for each in (row, twin):
        account_looks.look(credential_id=each.pk, now=timezone.now())
    found = told(as_alice)
    assert Decimal(found["equity"]) == 1500
    assert [(each["label"], each["same_as"]) for each in found["accounts"]] == [
        ("Main", None),
        ("Twin", str(row.pk)),
    ]


def test_an_exchange_that_does_not_answer_leaves_what_was_known(
    as_alice: Client,
    row: Credential,
    sent: list[UUID],
    held: dict[str, Balance],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account_looks.look(credential_id=row.pk, now=timezone.now())

    def silent(_: Credential) -> None:
        raise ExchangeUnavailable("Binance does not answer.")

    monkeypatch.setattr(account_looks.exchanges, "balances_of", silent)
    account_looks.look(credential_id=row.pk, now=timezone.now())
    account = told(as_alice)["accounts"][0]
    assert (Decimal(account["equity"]), account["error"]) == (1500, "Binance does not answer.")
    page = as_alice.get("/portfolio/").content.decode()
    assert "Binance does not answer." in page
    assert "told <time" not in page
    snapshot = AccountSnapshot.objects.get()
    for asset in snapshot.assets.values():
        asset[3] -= 3_600_000
    snapshot.save()
    assert "told <time" in as_alice.get("/portfolio/").content.decode()


def test_day_change_and_curve_follow_what_was_kept_each_hour(alice: User) -> None:
    one, late = paper(alice, "One"), paper(alice, "Late")
    for credential, equity in ((one, 130), (late, 55)):
        AccountSnapshot.objects.create(credential=credential, asked_at=NOW, taken_at=NOW, equity=equity)
    worths(one, {30: 90, 24: 100, 5: 120})
    worths(late, {2: 50})  # before that it is worth what it began with
    found = holdings.portfolio(alice, "paper", "7d", NOW)
    assert (found["equity"], found["day_change"]) == (185, 185 - 100 - 50)
    curve = [int(worth) for _, worth in found["equity_curve"]]
    assert (curve[0], curve[6], curve[25], curve[-2:]) == (140, 150, 170, [170, 185])
    assert len(holdings.portfolio(alice, "paper", "1d", NOW)["equity_curve"]) == 26


def test_real_and_play_money_are_never_in_one_sum(
    as_alice: Client, row: Credential, sent: list[UUID]
) -> None:
    play = paper(row.user)
    AccountSnapshot.objects.create(credential=row, asked_at=NOW, taken_at=NOW, equity=100_000)
    account_looks.look(credential_id=play.pk, now=timezone.now())
    assert Decimal(told(as_alice)["equity"]) == 100_000
    assert Decimal(told(as_alice, mode="paper")["equity"]) == 5000
    page = as_alice.get("/portfolio/", {"money": "paper"}).content.decode()
    assert "5,000.00" in page
    assert "100,000.00" not in page


def test_beat_sends_workers_to_those_long_unseen(alice: User, sent: list[UUID]) -> None:
    new, seen, old, refused = (paper(alice, label) for label in ("New", "Seen", "Old", "Refused"))
    Credential.objects.filter(pk=refused.pk).update(is_valid=False)
    for credential, minutes in ((seen, 1), (old, 11)):
        AccountSnapshot.objects.create(credential=credential, asked_at=NOW - timedelta(minutes=minutes))
    assert account_looks.ask_for_due(NOW) == 2
    assert set(sent) == {new.pk, old.pk}
    assert account_looks.ask_for_due(NOW) == 0


def test_looks_take_a_bounded_share_of_an_exchange_s_limit(
    row: Credential, held: dict[str, Balance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_looks.BalanceLooks, "counts", lambda venue: venue != "binance")
    account_looks.look(credential_id=row.pk, now=NOW)
    assert not AccountSnapshot.objects.filter(taken_at__isnull=False).exists()


def test_the_dashboard_shows_them_and_nobody_else_s(
    as_alice: Client, as_bob: Client, making: Making, key: Credential, sent: list[UUID]
) -> None:
    making("Range")
    assert "Its balances are being looked at" in as_alice.get("/").content.decode()
    account_looks.look(credential_id=key.pk, now=timezone.now())
    page = " ".join(as_alice.get("/").content.decode().split())
    assert "100,000.00" in page
    assert "100,000 USDT" in page
    assert "No account yet" in as_bob.get("/portfolio/").content.decode()
    assert told(as_bob)["accounts"] == []
    part = as_alice.get("/portfolio/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_what_the_address_cannot_mean_is_refused(as_alice: Client, db: None) -> None:
    assert as_alice.get("/api/v1/portfolio", {"mode": "monopoly"}).status_code == 400
    assert as_alice.get("/api/v1/portfolio", {"span": "1000y"}).status_code == 400
