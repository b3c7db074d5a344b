"""Plays a schedule in a world of its own and judges what became of it; makes a schedule that fails smaller."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from django.db import IntegrityError

from bots.core.orders import PlannedOrder
from bots.core.types import OrderType, Side
from bots.models import Bot, Order
from bots.models.order import LIVE
from bots.services import lifecycle, trading
from bots.services.errors import IllegalMove
from bots.services.trading import Lease
from exchanges.simulator.orders import Kind, NewOrder
from tests.books import ENDED
from tests.schedules import judge, process
from tests.schedules.clock import START, virtual_time
from tests.schedules.steps import Schedule, Step
from tests.schedules.watch import OURS, Watch
from tests.schedules.world import KEY, SECRET, World, world_of

# A killed process cannot say goodbye to its exchange.
logging.getLogger("ccxt.base.exchange").addFilter(
    lambda record: "release all resources" not in str(record.msg)
)
PATIENCE = 120  # seconds after the last fault in which everything must be known
Mutant = Callable[[], AbstractContextManager[Any]]


@dataclass
class Verdict:
    schedule: Schedule
    violations: list[str] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    gates: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0  # on the exchange's clock
    orders: int = 0
    fills: int = 0
    log: list[str] = field(default_factory=list)
    books: Any = None  # as they were in the end

    @property
    def names(self) -> set[str]:
        return {violation.partition(":")[0] for violation in self.violations}


def play(schedule: Schedule, mutant: Mutant = nullcontext) -> Verdict:
    verdict = Verdict(schedule)
    watch = Watch((SECRET, KEY))
    with (
        virtual_time(schedule.seed) as loop,
        _logging(watch.log),
        world_of(loop, schedule.seed, schedule.exchange) as world,
        mutant(),
    ):
        world.watch = watch
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(_Play(world, schedule, verdict).run())
        finally:
            asyncio.set_event_loop(None)
    verdict.log = watch.log.lines
    return verdict


@contextmanager
def _logging(handler: logging.Handler) -> Iterator[None]:
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    formatters = [each.formatter for each in kept if each.formatter is not None]
    handler.setFormatter(formatters[0] if formatters else None)
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers = kept
        root.setLevel(level)


class _Play:
    def __init__(self, world: World, schedule: Schedule, verdict: Verdict) -> None:
        self.world, self.schedule, self.verdict = world, schedule, verdict
        self.dice = Random(f"play {schedule.seed}")

    async def run(self) -> None:
        world = self.world
        try:
            await self._begin()
            for step in self.schedule.steps:
                getattr(self, step.what)(**step.args)
                await asyncio.sleep(step.pause)
            self._mend()
            await self._settle(self._is_settled)
            self._judge((*judge.ALWAYS, *judge.SETTLED))
            await self._stop_all()
            await self._settle(self._is_at_rest)
            self._judge((*judge.ALWAYS, *judge.SETTLED, at_rest))
            self._count()
        finally:
            await world.close()

    async def _begin(self) -> None:
        world = self.world
        await world.server.start()
        world.exchange.listen(world.watch.happened)
        self.prices = asyncio.create_task(world.tell_prices())
        stranger = NewOrder("SOLUSDT", Side.BUY, Kind.LIMIT, judge.BY_HAND, Decimal(40), Decimal(1))
        world.exchange.place(world.uid, stranger)
        await world.start_worker()
        for plan in self.schedule.plans:
            lifecycle.start_bot(bot=world.bot(plan.strategy, plan.symbol, plan.config))
            await asyncio.sleep(self.dice.choice((0.01, 0.2, 3)))

    # The end

    def _mend(self) -> None:
        """The faults end: from here on the clock of the promise runs."""
        world = self.world
        for each in world.processes:
            each.thaw()
            each.fuse = None
        world.deaf.clear()
        world.lose_database(0)
        self._clear_faults()

    def _clear_faults(self) -> None:
        for fault in self.world.server.faults.clear():
            self.verdict.struck[fault.kind] += fault.struck

    async def _settle(self, holds: Callable[[], bool]) -> None:
        for _ in range(PATIENCE // 3):
            await asyncio.sleep(3)
            if holds():
                return

    def _is_settled(self) -> bool:
        if Order.objects.filter(status="pending").exists() or self._without_runner():
            return False
        return not judge.judged(self.world.books(), judge.SETTLED)

    def _without_runner(self) -> bool:
        wanted = Bot.objects.filter(status__in=("running", "paused"))
        return wanted.filter(lease_owner=None).exists() or not self.world.workers

    def _is_at_rest(self) -> bool:
        return not Bot.objects.filter(stopping=True).exists() and self._is_settled()

    async def _stop_all(self) -> None:
        for bot in Bot.objects.all():
            lifecycle.stop_bot(bot=bot)

    def _judge(self, checks: Any) -> None:
        for broken in judge.judged(self.world.books(), checks):
            if broken.partition(":")[0] not in self.verdict.names:
                self.verdict.violations.append(broken)

    def _count(self) -> None:
        verdict, world = self.verdict, self.world
        verdict.deaths = Counter(world.deaths)
        for each in world.processes:
            verdict.gates += each.gates
        found = verdict.books = world.books()
        verdict.seconds = world.loop.time() - START
        verdict.orders, verdict.fills = len(found.orders), len(found.trades)

    # The steps

    def move(self, symbol: str, percent: Decimal) -> None:
        world = self.world
        rules = world.exchange.venue(symbol).rules
        world.exchange.set_price(symbol, rules.on_tick(world.price(symbol) * (1 + percent / 100)))
        world.tell_price(symbol)

    def nibble(self, symbol: str, share: Decimal) -> None:
        world, price = self.world, self.world.price(symbol)
        mine = [
            order
            for order in world.exchange.open_orders(world.uid, symbol)
            if OURS.fullmatch(order.client_id)
        ]
        if not mine:
            return
        order = min(mine, key=lambda each: (abs(each.price - price), each.id))
        lot = world.exchange.venue(symbol).rules.lot
        quantity = max(lot, order.remaining * share // lot * lot)
        world.exchange.trade(symbol, order.side.opposite, order.price, quantity)
        world.tell_price(symbol)

    def fault(self, **asked: Any) -> None:
        kind, endpoint = asked.pop("kind"), asked.pop("endpoint")
        self.world.server.faults.add(kind, self.world.exchange.name, endpoint=endpoint, **asked)

    def _some_worker(self) -> process.Process | None:
        living = [worker.process for worker in self.world.workers if worker.process.alive]
        return self.dice.choice(living) if living else None

    def kill(self, gates: int, where: str | None) -> None:
        found = self._some_worker()
        if found is not None:
            found.fuse, found.fuse_at = gates, where

    def freeze(self, seconds: float, gates: int) -> None:
        """Stops at a gate, goes on after some seconds."""
        found = self._some_worker()
        if found is None:
            return
        found.freeze_at(gates, seconds)

    def deafen(self, seconds: float) -> None:
        found = self._some_worker()
        if found is not None:
            self.world.deaf.add(found.name)
            self.world.loop.call_later(seconds, self.world.deaf.discard, found.name)

    def join(self) -> None:
        if len(self.world.workers) < 3:
            self.world.loop.create_task(self.world.start_worker())

    def outage(self, seconds: float) -> None:
        self.world.lose_database(seconds)

    def user(self, action: str, bot: int) -> None:
        row = Bot.objects.get(pk=self.world.bots[bot].pk)
        acts: dict[str, Callable[[], Any]] = {
            "start": lambda: _start(row),
            "pause": lambda: lifecycle.pause_bot(bot=row),
            "stop": lambda: lifecycle.stop_bot(bot=row),
            "kill": lambda: lifecycle.kill_bot(bot=row, action="cancel"),
            "kill_and_sell": lambda: lifecycle.kill_bot(bot=row, action="cancel_and_sell"),
            "edit": lambda: lifecycle.update_bot(bot=row, config=_edited(row)),
        }
        with suppress(IllegalMove):
            acts[action]()

    def cancel_by_hand(self, number: int) -> None:
        world = self.world
        mine = [order for order in world.exchange.open_orders(world.uid) if OURS.fullmatch(order.client_id)]
        if mine:
            order = sorted(mine, key=lambda each: each.id)[number % len(mine)]
            world.exchange.cancel(world.uid, order.symbol, order.id, None)

    def meddle(self, number: int) -> None:
        rows = list(Order.objects.filter(status__in=LIVE).order_by("client_order_id").select_related("bot"))
        if not rows:
            return
        row = rows[number % len(rows)]
        mad = PlannedOrder(row.slot, row.cycle, Side(row.side), OrderType.LIMIT, row.price, row.quantity)
        try:
            trading.intend(lease=Lease(row.bot_id, row.bot.lease_token), orders=[mad])
        except IntegrityError:
            return
        self.verdict.violations.append("one_live_per_slot: the database took a second live row of a slot")


def _start(row: Bot) -> None:
    if row.halted:
        lifecycle.reset_bot(bot=row)
        row.refresh_from_db()
    lifecycle.start_bot(bot=row)


def _edited(row: Bot) -> dict[str, Any]:
    if row.strategy == "dca":
        return {**row.config, "amount": str(Decimal(row.config["amount"]) + 5)}
    return {**row.config, "investment": str(Decimal(row.config["investment"]) + 100)}


def at_rest(found: judge.Books) -> None:
    """A stopped bot has stopped: none of its orders is open any more."""
    assert not [row for row in found.orders if row["status"] not in ENDED], found.orders
    assert not Bot.objects.filter(stopping=True).exists()


def shrunk(verdict: Verdict, mutant: Mutant = nullcontext, budget: int = 150) -> Verdict:
    """A schedule with as few steps and bots as still breaks one of the same invariants."""
    best, size = verdict, max(1, len(verdict.schedule.steps) // 2)
    while size:
        start = 0
        while start < len(best.schedule.steps) and budget > 0:
            steps = best.schedule.steps[:start] + best.schedule.steps[start + size :]
            budget -= 1
            tried = play(replace(best.schedule, steps=steps), mutant)
            if tried.names & verdict.names:
                best = tried
            else:
                start += size
        size //= 2
    for number in reversed(range(len(best.schedule.plans))):
        fewer = _without(best.schedule, number)
        if fewer is not None:
            tried = play(fewer, mutant)
            best = tried if tried.names & verdict.names else best
    return best


def _without(schedule: Schedule, number: int) -> Schedule | None:
    """Without one bot, where another is left and no user asks for it by a number that shifts."""
    if len(schedule.plans) < 2 or number >= len(schedule.plans):
        return None
    plans = schedule.plans[:number] + schedule.plans[number + 1 :]

    def moved(step: Step) -> Step | None:
        bot = step.args.get("bot")
        if bot is None or bot < number:
            return step
        return None if bot == number else replace(step, args={**step.args, "bot": bot - 1})

    steps = tuple(step for step in map(moved, schedule.steps) if step is not None)
    return replace(schedule, plans=plans, steps=steps)
