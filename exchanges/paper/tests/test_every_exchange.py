"""A paper account at every exchange: its public wire, its rules, its fees."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from bots.core.types import Fill, Liquidity, OrderStatus
from exchanges.connector.facts import FACTS
from exchanges.connector.rest import RestConnector
from exchanges.paper.credentials import create_paper
from exchanges.paper.models import PaperMarket, PaperOrder
from exchanges.paper.tests.desks import order
from exchanges.paper.tests.market import World, in_database
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.hosting import LISTINGS
from exchanges.simulator.testing import running_simulator
from exchanges.tests.conftest import Connecting, connecting, limiter

__all__ = ["connecting", "limiter"]

pytestmark = pytest.mark.django_db(transaction=True)
BTC = "BTC/USDT"
EXCHANGES = [name for name, facts in FACTS.items() if name in LISTINGS and not facts.testnet_of]


@dataclass
class Place:
    there: Exchange
    public: RestConnector
    world: World

    async def show(self) -> None:
        """What the collector would put on the bus."""
        shown = await self.public.ticker(BTC)
        self.world.prices.tell(str(shown.bid), str(shown.ask), str(shown.price))


@pytest.fixture(params=EXCHANGES)
async def at(request: Any, connecting: Connecting, alice: User) -> AsyncIterator[Place]:
    async with running_simulator(seed=1) as sim:
        there = sim.exchanges[request.param]
        there.set_price("BTCUSDT", Decimal(60_000))
        public = await connecting(sim.transport, None, exchange=request.param)
        paper = await in_database(lambda: create_paper(user=alice, exchange=request.param, label="Paper"))
        yield Place(there, public, World(paper, public))


async def test_orders_fill_at_its_prices_for_its_fees(at: Place) -> None:
    async with at.world.running() as world:
        market = await at.public.market(BTC)
        bought = await world.send(order("buy", None, "0.01", "taken"))
        assert bought.status is OrderStatus.FILLED
        await world.send(order("buy", "59000", "0.01", "rests", post_only=True))
        at.there.set_price("BTCUSDT", Decimal(58_900))
        await at.show()
        await world.until(lambda: any(isinstance(e, Fill) and e.client_id == "rests" for e in world.events))
        taken, rested = await world.connector.fills(BTC, 0)
        assert abs(taken.price - 60_000) < 100
        assert rested.price == 59_000
        assert (taken.liquidity, rested.liquidity) == (Liquidity.TAKER, Liquidity.MAKER)
        if market.fee_in_base_on_buy:
            due = [(fill.quantity, "BTC") for fill in (taken, rested)]
        else:
            due = [(fill.quantity * fill.price, "USDT") for fill in (taken, rested)]
        assert [fill.fee_asset for fill in (taken, rested)] == [asset for _, asset in due]
        rates = (market.taker_fee, market.maker_fee)
        for fill, (amount, _), rate in zip((taken, rested), due, rates, strict=True):
            assert abs(fill.fee - amount * rate) < Decimal("1e-7")


async def test_its_candles_tell_what_was_missed(at: Place) -> None:
    await at.world.send(order("buy", "59000", "0.01", "rests"))
    await in_database(lambda: PaperOrder.objects.update(time=0))
    before = await at.public.exchange_time() - 120_000
    await in_database(lambda: PaperMarket.objects.update(seen=before))
    at.there.set_price("BTCUSDT", Decimal(58_900))
    at.there.set_price("BTCUSDT", Decimal(60_000))
    async with at.world.running() as world:
        (fill,) = await world.connector.fills(BTC, 0)
        assert (fill.price, fill.liquidity) == (59_000, Liquidity.MAKER)
