"""The stream and the comparison of an account go on, whatever one market or one refusal does to them."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bots.core.ports import AccountRefused, UnknownSymbol
from bots.runtime import accounts
from bots.runtime.accounts import Account
from bots.runtime.database import Database
from bots.runtime.history import Pace
from bots.runtime.inbox import Inbox, Reconcile


class Connector:
    """Knows BTC/USDT only."""

    async def open_orders(self, symbol: str) -> list[Any]:
        if symbol != "BTC/USDT":
            raise UnknownSymbol("gone")
        return []

    async def close(self) -> None:
        """Nothing is held."""


class Stream:
    """Each run does the next of `acts`, the last of them for ever."""

    def __init__(self, acts: list[Callable[[Any], None]]) -> None:
        self.acts = acts

    async def run(self, on_event: Any) -> None:
        act = self.acts.pop(0) if self.acts else None
        if act is None:
            await asyncio.Event().wait()
        else:
            act(on_event)
            await asyncio.Event().wait()


def refuse(_on_event: Any) -> None:
    raise AccountRefused("no")


def break_down(_on_event: Any) -> None:
    raise RuntimeError("nobody foresaw this")


def open_up(on_event: Any) -> None:
    on_event(object())  # a StreamReset


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "STREAM_AGAIN", 0.0, raising=False)
    monkeypatch.setattr(accounts, "RECONCILE_EVERY", 0.01)
    monkeypatch.setattr(accounts, "CONNECT_PATIENCE", 0.05)


def account(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[Any], None]) -> Account:
    stream = Stream(list(acts))

    async def open_stream(*_: Any) -> Stream:
        return stream

    monkeypatch.setattr(accounts.exchanges, "open_account_stream", open_stream)
    key = SimpleNamespace(pk=1, venue="binance", account_uid="7")
    return Account(key, Connector(), prices=None, database=Database(1), pace=Pace())


async def heard(account: Account, wanted: Reconcile, times: int = 1) -> bool:
    """Whether its bot hears that so often within a minute."""
    inbox = Inbox()
    account.members["ag"] = ("BTC/USDT", inbox)
    account.begin()
    await account.ready()
    try:
        async with asyncio.timeout(60):
            while times:
                times -= await inbox.next(1) == wanted
    except TimeoutError:
        return False
    finally:
        await account.close()
    return True


def test_a_market_that_is_gone_does_not_end_the_comparison_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = account(monkeypatch, open_up)
    made.members["gone"] = ("GONE/USDT", Inbox())
    assert asyncio.run(heard(made, Reconcile(full=False, reports=()), times=3))


@pytest.mark.parametrize("trouble", [refuse, break_down])
def test_a_stream_that_ended_is_opened_again(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Any], None]
) -> None:
    made = account(monkeypatch, trouble, open_up)
    assert asyncio.run(heard(made, Reconcile(full=True)))


def test_bots_that_went_ahead_without_a_stream_compare_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = account(monkeypatch)

    class Late(Stream):
        async def run(self, on_event: Any) -> None:
            await made._ready.wait()  # nobody waits for it any more
            open_up(on_event)
            await asyncio.Event().wait()

    async def open_late(*_: Any) -> Stream:
        return Late([])

    monkeypatch.setattr(accounts.exchanges, "open_account_stream", open_late)

    assert asyncio.run(heard(made, Reconcile(full=True)))
