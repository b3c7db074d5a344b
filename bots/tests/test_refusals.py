"""What services and exchanges refuse, as answers; and what the services refuse whoever calls them."""

from typing import Any

import pytest

from bots.api import errors
from bots.core import ports
from bots.models import BotEvent
from bots.services import lifecycle, outcome
from bots.services.errors import FieldError, IllegalMove, InvalidConfig
from bots.tests.conftest import GRID, make_bot
from bots.tests.records import lease_of, plain_bot


def answer_to(error: Exception) -> Any:
    return errors.answer_to(error)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (IllegalMove("halted", "It is halted."), 409, "halted"),
        (ports.AccountRefused("Key revoked.", "-2015"), 409, "account_refused"),
        (ports.ExchangeUnavailable("Binance does not answer."), 503, "exchange_unavailable"),
        (ports.OutcomeUnknown("Nobody knows."), 503, "exchange_unavailable"),
        (ports.RateLimited("Slow down.", 12.5), 503, "exchange_unavailable"),
    ],
)
def test_each_kind_has_its_answer(error, status, code):
    answer = answer_to(error)
    assert (answer.status_code, answer.get_codes()) == (status, code)
    assert len(str(answer.detail)) > 10


def test_a_busy_exchange_says_itself_when_to_ask_again():
    assert answer_to(ports.RateLimited("Slow down.", 12.5)).wait == 12.5
    assert answer_to(ports.ExchangeUnavailable("No answer.")).wait > 0


def test_an_unknown_symbol_names_the_field():
    answer = answer_to(ports.UnknownSymbol("Binance does not list NOPE."))
    assert (answer.status_code, answer.get_codes()) == (400, {"symbol": ["unknown_symbol"]})


def test_every_mistake_of_a_field_is_told():
    fields = ["investment", "investment", "name", "symbol", "credential_id", "strategy", "action", ""]
    wrong = [FieldError(field, f"c{number}", "Wrong.") for number, field in enumerate(fields)]
    assert answer_to(InvalidConfig(wrong)).get_codes() == {
        "config.investment": ["c0", "c1"],
        "name": ["c2"],
        "symbol": ["c3"],
        "credential_id": ["c4"],
        "strategy": ["c5"],
        "action": ["c6"],
        "config": ["c7"],
    }


def test_what_is_none_of_ours_stays_what_it_is():
    error = KeyError("x")
    assert answer_to(error) is error


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"strategy": "martingale"}, "strategy"),
        ({"symbol": "NOPE/USDT"}, "symbol"),
        ({"name": " "}, "name"),
        ({"config": GRID | {"grid_count": 1}}, "grid_count"),
        ({"config": []}, ""),
    ],
)
def test_the_service_itself_refuses_a_bot_that_cannot_be(alice, alices_key, changes, field):
    with pytest.raises(InvalidConfig) as refused:
        make_bot(alice, alices_key, **changes)
    assert [error.field for error in refused.value.errors] == [field]


def test_the_service_itself_refuses_an_unknown_kill(alice):
    with pytest.raises(InvalidConfig):
        lifecycle.kill_bot(bot=plain_bot(alice), action="burn")


def test_an_end_that_nobody_asked_for_is_no_end(alice):
    bot = plain_bot(alice, status="running")
    outcome.finished(lease=lease_of(bot))
    assert not BotEvent.objects.exists()


def test_a_word_of_the_runtime_reaches_the_user(alice):
    bot = plain_bot(alice)
    outcome.tell(bot_id=bot.pk, kind="no_price", text="There is no price.", level="warning")
    event = BotEvent.objects.get()
    assert (event.bot, event.kind, event.level) == (bot, "no_price", "warning")
