import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from bots.models import Bot, BotEvent
from bots.services import lifecycle
from bots.tests.conftest import BOTS, DCA, GRID, body, errors_of
from exchanges.services import CredentialRejected, delete_credential
from marketdata.models import FollowedMarket

FIELDS = [
    "id",
    "name",
    "strategy",
    "symbol",
    "exchange",
    "mode",
    "credential_id",
    "status",
    "stopping",
    "halted",
    "status_reason",
    "config",
    "total_investment",
    "realized_pnl",
    "unrealized_pnl",
    "equity",
    "fees",
    "position",
    "average_cost",
    "mark_price",
    "open_orders",
    "trades",
    "created_at",
    "started_at",
]


def test_the_documents_example_makes_a_stopped_bot(alices, alices_key):
    config = {"lower_price": 45000, "upper_price": 55000, "grid_count": 20, "investment": 1000}
    response = alices.post(BOTS, body(alices_key, config=config))
    assert response.status_code == 201
    bot = response.json()
    assert list(bot) == FIELDS
    assert bot["name"] == "My Grid Bot"
    assert (bot["strategy"], bot["symbol"], bot["exchange"]) == ("grid", "BTC/USDT", "binance")
    assert (bot["mode"], bot["credential_id"]) == ("live", str(alices_key.pk))
    assert (bot["status"], bot["stopping"], bot["halted"]) == ("stopped", False, False)
    assert Decimal(bot["total_investment"]) == Decimal(bot["equity"]) == 1000
    assert Decimal(bot["realized_pnl"]) == Decimal(bot["unrealized_pnl"]) == Decimal(bot["position"]) == 0
    assert isinstance(bot["equity"], str)
    assert (bot["average_cost"], bot["started_at"], bot["fees"]) == (None, None, {})
    assert alices.get(f"{BOTS}/{bot['id']}").json() == bot


def test_numbers_may_be_strings_or_numbers_and_are_kept_exactly(alices, alices_key):
    config = GRID | {"lower_price": 45000.1, "upper_price": "55000.30", "investment": 1000.12345678}
    bot = alices.post(BOTS, body(alices_key, config=config)).json()
    assert bot["config"]["lower_price"] == "45000.1"
    assert bot["config"]["investment"] == "1000.12345678"
    assert bot["total_investment"] == "1000.12345678"


def test_a_dca_bot_invests_one_full_cycle_where_no_maximum_is_given(alices, alices_key):
    config = {"amount": 100, "price_drop": 2, "max_orders": 2, "volume_scale": 2, "take_profit": 3}
    bot = alices.post(BOTS, body(alices_key, strategy="dca", config=config)).json()
    assert Decimal(bot["total_investment"]) == 100 + 200 + 400


def test_the_market_is_followed_and_the_creation_told(alices, alices_key):
    bot = alices.post(BOTS, body(alices_key)).json()
    assert FollowedMarket.objects.filter(exchange="binance", symbol="BTC/USDT").exists()
    assert BotEvent.objects.get().bot_id == Bot.objects.get(id=bot["id"]).pk


def test_anothers_key_is_as_unknown_as_none(alices, alices_key, bobs_key):
    missing = "00000000-0000-4000-8000-000000000000"
    foreign = alices.post(BOTS, body(bobs_key))
    assert foreign.status_code == 400
    assert errors_of(foreign) == [("unknown", "credential_id")]
    assert foreign.json() == alices.post(BOTS, body(bobs_key, credential_id=missing)).json()
    assert not Bot.objects.exists()


def test_a_key_that_the_exchange_refused_makes_no_bot(alices, alices_key):
    alices_key.is_valid = False
    alices_key.save()
    response = alices.post(BOTS, body(alices_key))
    assert response.status_code == 400
    assert errors_of(response) == [("credential_invalid", "credential_id")]
    assert not Bot.objects.exists()


def test_without_the_exchange_the_answer_is_a_503_that_says_when_to_ask_again(alices, alices_key, settings):
    settings.EXCHANGE_SIMULATOR = settings.EXCHANGE_SIMULATOR | {"port": 1}
    response = alices.post(BOTS, body(alices_key))
    assert response.status_code == 503
    assert errors_of(response) == [("exchange_unavailable", None)]
    assert int(response["Retry-After"]) > 0
    assert not Bot.objects.exists()


@pytest.mark.parametrize(("strategy", "config"), [("grid", GRID), ("dca", DCA)])
def test_the_list_holds_ones_own_bots_alone(alices, bobs, alices_key, strategy, config):
    made = alices.post(BOTS, body(alices_key, strategy=strategy, config=config)).json()
    assert alices.get(BOTS).json() == {"bots": [made], "next": None}
    assert bobs.get(BOTS).json() == {"bots": [], "next": None}


def test_a_key_deleted_meanwhile_makes_no_bot(alices, alices_key, monkeypatch):
    check = lifecycle.check_creation

    def check_and_delete(*args):
        delete_credential(credential=alices_key)
        return check(*args)

    monkeypatch.setattr(lifecycle, "check_creation", check_and_delete)
    assert alices.post(BOTS, body(alices_key)).status_code == 404
    assert not Bot.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_key_is_not_deleted_under_a_bot_that_is_being_made(alice, alices_key):
    outcome = []

    def delete():
        try:
            delete_credential(credential=alices_key)
            outcome.append("deleted")
        except CredentialRejected as refused:
            outcome.append(refused.code)
        finally:
            connection.close()

    other = threading.Thread(target=delete)
    with transaction.atomic():
        lifecycle.create_bot(
            user=alice, credential=alices_key, name="Range", strategy="grid", symbol="BTC/USDT", config=GRID
        )
        other.start()
        until_somebody_waits_for_a_lock()
    other.join(timeout=120)
    assert outcome == ["in_use"]
    assert Bot.objects.get().credential_id == alices_key.id


def until_somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        for _ in range(12_000):
            cursor.execute(
                "SELECT pg_sleep(0.01), count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            if cursor.fetchone()[1]:
                return
    raise AssertionError("nobody waits")
