"""A paper account on the road: its orders meet live prices, and what happened while nobody looked."""

import asyncio
from copy import copy
from typing import Any

import pytest
from django.db import OperationalError

from bots.core.ports import AccountRefused, ExchangeUnavailable, OrderRefused, OutcomeUnknown
from bots.core.types import Fill, OrderStatus
from exchanges.connector import paper_stream
from exchanges.connector.stream import StreamReset
from exchanges.models import Credential
from exchanges.paper import trading
from exchanges.paper.models import PaperMarket, PaperOrder
from exchanges.paper.tests.desks import D, order
from exchanges.paper.tests.market import MINUTE, Public, World, in_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_stream, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(paper_stream, "AGAIN", 0.01)


def fills(world: World) -> list[Fill]:
    return [event for event in world.events if isinstance(event, Fill)]


def scene(play: Any) -> Any:
    return asyncio.run(play())


def placed_before(paper: Credential, public: Public, minutes: int, **markets: int) -> None:
    """As if the account's orders had been placed, and its prices seen last, so many minutes ago."""
    _, since = public.minutes[-1], public.minutes[0].time - minutes * MINUTE
    PaperOrder.objects.filter(account=paper.pk).update(time=since)
    PaperMarket.objects.filter(account=paper.pk).update(seen=since)


def test_a_live_price_fills_a_resting_order(paper: Credential) -> None:
    async def play() -> None:
        async with World(paper).running() as world:
            await world.place("buy", "49000")
            world.prices.tell("49500", "49600")
            world.prices.tell("48900", "49000")
            await world.until(lambda: fills(world))
            fill, report = world.told[-2:]
            assert (fill.price, report.status) == (D(49000), OrderStatus.FILLED)
            assert world.events[0] == StreamReset()
            assert await world.connector.open_orders("BTC/USDT") == []

    scene(play)


def test_a_trade_fills_and_the_price_of_an_old_one_does_not(paper: Credential) -> None:
    async def play() -> None:
        async with World(paper).running() as world:
            await world.place("buy", "49000")
            world.prices.tell("49500", "49600", "48000")  # the first: nobody knows when that was
            world.prices.tell("49500", "49700", "48000")
            await asyncio.sleep(0)
            assert not fills(world)
            world.prices.tell("49500", "49600", "49000")
            await world.until(lambda: fills(world))

    scene(play)


def test_what_takes_from_the_market_takes_the_newest_price(paper: Credential) -> None:
    """Of the stream where it is fresh, otherwise asked for."""

    async def play() -> None:
        async with World(paper).running() as world:
            first = await world.place("buy", None, client_id="first")
            await world.place("buy", "40000", client_id="rests")
            world.prices.tell("51000", "51020")
            second = await world.place("buy", None, client_id="second")
            await world.until(lambda: len(fills(world)) == 2)
            assert [fill.price for fill in fills(world)] == [D(50010), D(51020)]
            assert first.status is second.status is OrderStatus.FILLED

    scene(play)


def test_minutes_that_nobody_watched_are_replayed_in_order(paper: Credential) -> None:
    public = Public()

    async def before() -> None:
        world = World(paper, public)
        await world.place("buy", "49000", client_id="deep")
        await world.place("buy", "49500", client_id="near")

    async def after() -> World:
        async with World(paper, public).running() as world:
            return world

    asyncio.run(before())
    public.page = 2  # several pages
    lows = {
        -7: "49900",
        -6: "49400",
        -5: "49800",
        -4: "49800",
        -3: "48000",
        -2: "49900",
        -1: "49900",
        0: "49900",
    }
    minutes = {number: public.minute(number, low, "50200") for number, low in lows.items()}
    placed_before(paper, public, 1)

    world = asyncio.run(after())
    done = trading.fills(paper.pk, symbol="BTC/USDT", since=0)
    assert [(fill.client_id, fill.time) for fill in done] == [
        ("near", minutes[-6].time + MINUTE - 1),
        ("deep", minutes[-3].time + MINUTE - 1),
    ]
    assert len(public.asked) >= 4
    assert world.events[0] == StreamReset(), "bots compare once the past has been applied"

    public.asked.clear()
    asyncio.run(after())
    assert trading.fills(paper.pk, symbol="BTC/USDT", since=0) == done
    assert public.asked == [], "nothing rests: nothing is asked for"


def test_it_goes_on_where_it_was_when_it_dies_in_the_midst_of_a_replay(
    paper: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = Public()

    async def before() -> None:
        await World(paper, public).place("buy", "49000")

    async def replaying(seen_by: Public) -> None:
        async with World(paper, seen_by).running():
            pass

    asyncio.run(before())
    public.page = 2
    for number in range(-9, 1):
        public.minute(number, "49500", "50200")
    placed_before(paper, public, 1)
    real, calls = trading.settle, []

    def die_at_the_third(*args: Any, **values: Any) -> None:
        calls.append(values["seen"])
        if len(calls) == 3:
            raise AccountRefused("killed")
        real(*args, **values)

    monkeypatch.setattr(trading, "settle", die_at_the_third)
    with pytest.raises(AccountRefused):
        asyncio.run(replaying(public))
    assert trading.seen(paper.pk, symbol="BTC/USDT") == calls[1]
    monkeypatch.undo()
    again = copy(public)
    again.asked = []
    asyncio.run(replaying(again))
    assert again.asked[0] == calls[1], "from the page that had not been applied"


def test_a_minute_that_began_before_the_order_tells_nothing_about_it(paper: Credential) -> None:
    public = Public()

    async def before() -> None:
        await World(paper, public).place("buy", "49000")

    async def after() -> None:
        async with World(paper, public).running() as world:
            assert not fills(world)
            assert len(await world.connector.open_orders("BTC/USDT")) == 1

    asyncio.run(before())
    public.minute(0, "40000", "60000")
    asyncio.run(after())


def test_prices_that_were_missed_while_the_stream_was_silent_are_made_up_for(paper: Credential) -> None:
    async def play() -> None:
        async with World(paper).running() as world:
            await world.place("buy", "49000")
            await in_database(lambda: PaperOrder.objects.update(time=0))
            world.prices.stale = True
            world.prices.tell("49500", "49600")  # asked for by REST
            world.public.minute(0, "48000", "50000")
            await asyncio.sleep(0.1)
            assert not fills(world), "nobody says yet that prices flow again"
            world.prices.stale = False
            world.prices.tell("49500", "49600")
            await world.until(lambda: fills(world))

    scene(play)


def test_each_full_minute_its_candle_tells_what_live_prices_left_out(
    paper: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are conflated, and of some exchanges polled: a wick falls between two of them."""

    async def play() -> None:
        async with World(paper).running() as world:
            await world.place("buy", "49000")
            await in_database(lambda: PaperOrder.objects.update(time=0))
            minute = world.public.minute(0, "48000", "50000")
            now = await world.connector.exchange_time()
            world.public.ahead = minute.time + MINUTE + 5 - now
            await asyncio.sleep(0.2)  # the stream looks at the exchange's clock now and then
            world.prices.tell("49500", "49600")
            await world.until(lambda: fills(world))
            assert fills(world)[0].time == minute.time + MINUTE - 1

    scene(play)


def test_accounts_that_ask_for_the_same_minutes_share_one_answer(paper: Credential) -> None:
    async def play() -> None:
        one = World(paper)
        other = World(paper, one.public)
        await one.connector.candles("BTC/USDT", 0)
        await asyncio.gather(*(each.connector.candles("BTC/USDT", 0) for each in (one, other)))
        assert one.public.asked == [0]
        one.public.trouble = ExchangeUnavailable("Binance does not answer.")
        for _ in range(2):
            with pytest.raises(ExchangeUnavailable):
                await other.connector.candles("BTC/USDT", 60_000)
        assert one.public.asked == [0, 60_000, 60_000], "what failed is asked for again"

    scene(play)


def test_a_hole_in_the_history_is_not_its_end(paper: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_stream, "PAGE", 3)
    public = Public()

    async def before() -> None:
        await World(paper, public).place("buy", "49000")

    async def after() -> None:
        async with World(paper, public).running() as world:
            assert len(await world.connector.fills("BTC/USDT", 0)) == 1

    asyncio.run(before())
    public.window = 3
    public.minute(-20, "49500", "50200")
    public.minute(-2, "48000", "50200")
    placed_before(paper, public, 1)
    asyncio.run(after())


def test_each_process_hears_of_the_orders_of_the_other(paper: Credential) -> None:
    async def play() -> None:
        one, other = World(paper), World(paper)
        async with one.running(), other.running():
            placed = await one.place("buy", "49000")
            await other.until(lambda: placed in other.events)
            one.prices.tell("48000", "48010")
            await other.until(lambda: fills(other))
            await one.until(lambda: fills(one))
            assert fills(one) == fills(other)

    scene(play)


def test_a_refused_order_is_not_watched_any_longer(
    paper: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with World(paper).running() as world:
            await world.place("buy", "40000", client_id="rests")
            with pytest.raises(OrderRefused):
                await world.place("buy", "51000", client_id="crosses", post_only=True)
            settled: list[Any] = []
            monkeypatch.setattr(trading, "settle", lambda *args, **values: settled.append(values))
            for _ in range(3):
                world.prices.tell("50900", "50950")
                await asyncio.sleep(0.02)
            assert settled == []

    scene(play)


def test_a_database_that_is_away_leaves_an_order_unknown_and_a_read_unanswered(
    paper: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **values: Any) -> None:
        raise OperationalError("secret details of the connection")

    async def play() -> None:
        world = World(paper)
        monkeypatch.setattr(trading, "place", away)
        monkeypatch.setattr(trading, "find", away)
        with pytest.raises(OutcomeUnknown) as unknown:
            await world.place("buy", "49000")
        with pytest.raises(ExchangeUnavailable):
            await world.connector.fetch_order("BTC/USDT", "a")
        assert "secret" not in unknown.value.detail

    scene(play)


def test_without_a_price_an_order_is_certainly_refused(paper: Credential) -> None:
    async def play() -> None:
        world = World(paper)
        world.public.trouble = ExchangeUnavailable("Binance does not answer.")
        with pytest.raises(OrderRefused) as refused:
            await world.place("buy", "49000")
        assert refused.value.code == "no_price"

    scene(play)


def test_an_exchange_that_is_away_at_the_start_is_asked_again(paper: Credential) -> None:
    async def play() -> None:
        world = World(paper)
        await world.place("buy", "49000")
        world.public.trouble = ExchangeUnavailable("Binance does not answer.")
        asyncio.get_running_loop().call_later(0.1, setattr, world.public, "trouble", None)
        async with world.running():
            world.prices.tell("48000", "48010")
            await world.until(lambda: fills(world))

    scene(play)


def test_a_market_that_is_gone_does_not_hold_up_the_others(paper: Credential) -> None:
    async def play() -> None:
        world = World(paper)
        await world.place("buy", "49000", client_id="gone")
        await in_database(lambda: PaperOrder.objects.update(symbol="GONE/USDT"))
        async with world.running():
            await world.place("buy", "49000")
            world.prices.tell("48000", "48010")
            await world.until(lambda: fills(world))

    scene(play)


def test_a_deleted_account_ends_the_stream(paper: Credential) -> None:
    async def play() -> None:
        async with World(paper).running() as world:
            await in_database(paper.delete)
            with pytest.raises(AccountRefused):
                await world.place("buy", "49000")
            await world.until(lambda: not world.prices.listeners)
        with pytest.raises(AccountRefused):
            async with World(paper).running():
                pass

    scene(play)


def test_it_implements_the_port(paper: Credential) -> None:
    async def play() -> None:
        async with World(paper).running() as world:
            exchange = world.connector
            await exchange.reserve_order()
            placed = await world.send(order("buy", None))
            assert (await exchange.market("BTC/USDT")).symbol == "BTC/USDT"
            assert (await exchange.ticker("BTC/USDT")).price == D(50000)
            assert (await exchange.balances())["BTC"].free == D("0.00999")
            assert await exchange.account_id() == paper.account_uid
            assert await exchange.fetch_order("BTC/USDT", "a") == placed
            assert await exchange.order_by_id("BTC/USDT", placed.exchange_id) == placed
            assert await exchange.order_by_id("ETH/USDT", placed.exchange_id) is None
            await world.place("buy", "49000", client_id="b")
            assert await exchange.open_client_ids() == {"b"}
            assert len(await exchange.order_fills("BTC/USDT", placed.exchange_id)) == 1
            assert len(await exchange.fills("BTC/USDT", 0)) == 1
            assert await exchange.candles("BTC/USDT", 0) == []
            await exchange.close()

    scene(play)
