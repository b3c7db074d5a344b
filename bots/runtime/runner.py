"""One bot at work: builds its engine, recovers, and feeds it events until it is done or must let go."""

import asyncio
import logging
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.conf import settings

from bots.core.engine import BotEngine
from bots.core.ports import AccountRefused, ExchangeUnavailable, LeaseLost, RateLimited, UnknownSymbol
from bots.core.sending import backoff
from bots.core.types import Fill, OrderReport, Ticker
from bots.models import Bot, BotStatus
from bots.runtime.accounts import Account
from bots.runtime.inbox import Event, Hang, Inbox, Intent, Reconcile
from bots.runtime.loading import Loaded
from bots.runtime.making import engine_of, mode_of
from bots.runtime.recording import RecordedEngine
from bots.runtime.recovery import Recovery
from bots.runtime.silence import Silence
from bots.services import outcome
from bots.services.trading import Lease

logger = logging.getLogger(__name__)
SPREAD_MS = (
    10_000  # within which the bots of a worker wake up after a minute's close, if nothing wakes them before
)
RETRY_MS = 2_000
RULES = attrgetter("tick", "lot", "min_quantity", "min_notional")  # other limits of a market change every day
MARKET_GONE = 300.0  # seconds before a bot whose market is gone is tried again


class LetGo(Exception):
    """The runner ends without touching open orders."""


class Runner:
    """Lives on the worker's loop. `host` is the worker: database, prices, accounts, lease state."""

    def __init__(self, host: Any, lease: Lease) -> None:
        self.host = host
        self.lease = lease
        self.inbox = Inbox()
        self.bot: Bot
        self.engine: BotEngine
        self.recovery: Recovery
        self.ticker: Ticker | None = None
        self._heard_at = 0.0  # when that came, by the loop's clock
        self._silence = Silence()
        self.intent: Intent | None = None  # the last one handed to the inbox
        self.ready = False
        self.give_way: Callable[[], None] = lambda: None  # lets the next bot of the worker start
        self.arrived: Callable[[], None] = lambda: None  # it has compared itself with the exchange
        self.account: Account
        self.first_sent: int | None = None
        self._failures = 0  # comparisons in a row that the exchange did not answer
        self._recover_at: tuple[int, bool] | None = None
        self._reports: tuple[OrderReport, ...] | None = None
        self._wanted: Intent | None = None  # heard, and not obeyed yet
        self._moment = lease.bot_id.int % SPREAD_MS

    async def run(self) -> None:
        """Until the bot is done or the runner must let go. Never raises for what the exchange does."""
        loaded = await self.host.load(self.lease.bot_id)
        if loaded is None:
            return None  # deleted meanwhile
        self.bot = loaded.bot
        try:
            account = await self.host.accounts.join(self.bot, loaded.prefix, self.inbox)
        except AccountRefused as refusal:
            return await self._account_refused(refusal)
        try:
            await self._work(loaded, account)
        except AccountRefused as refusal:
            await self._account_refused(refusal)
        except UnknownSymbol as error:
            self.host.claims.not_before(self.bot.pk, MARKET_GONE)
            await self._market_gone(account, loaded.prefix, error)
        except (LeaseLost, LetGo):
            logger.info("bot_let_go", extra={"bot_id": str(self.lease.bot_id)})
        finally:
            await self.host.accounts.leave(account, loaded.prefix)

    async def _market_gone(self, account: Account, prefix: str, error: UnknownSymbol) -> None:
        """In error, unless it only had to stop and nothing of it is left there."""
        if not self.bot.stopping:
            await self.fail(error.detail)
        if await self._is_gone(account, prefix):
            await self.host.database.run(outcome.market_gone, lease=self.lease)
        else:
            await self.fail(error.detail)

    async def _is_gone(self, account: Account, prefix: str) -> bool:
        """Whether the exchange shows no order of the bot in any market, twice; an exchange that cannot tell has
        cancelled what it no longer lists."""
        for _ in range(2):
            await asyncio.sleep(settings.AUTOGRID_BETWEEN_MISSES_MS / 1000)
            try:
                shown = await account.connector.open_client_ids()
            except (ExchangeUnavailable, RateLimited):
                return False  # the bot is tried again
            if any(client_id.startswith(prefix) for client_id in shown or ()):
                return False
        return True

    async def _account_refused(self, refusal: AccountRefused) -> None:
        await self.host.account_refused(self.bot.credential, refusal)
        await self.fail(f"The exchange refuses this bot's API key: {refusal.detail}", told=True)

    async def fail(self, reason: str, told: bool = False) -> None:
        """Said once, however often the bot is tried again to cancel what it has open."""
        if self.bot.status != BotStatus.ERROR:
            await self.host.database.run(outcome.fail, lease=self.lease, reason=reason, told=told)
            self.bot.status = BotStatus.ERROR

    async def _work(self, loaded: Loaded, account: Account) -> None:
        exchange, symbol = account.connector, self.bot.symbol
        market = await self._patiently(lambda: exchange.market(symbol))
        self.engine = await engine_of(loaded, account, market, runner=self)
        self.account, self.first_sent = account, loaded.first_sent
        self.recovery = Recovery(self.engine, account.reads)
        unsubscribe = self.host.prices.subscribe(exchange.exchange, symbol, self._on_ticker)
        try:
            await self._first_price(exchange)
            self._recover(0, full=True)
            self._reports = tuple(await self._patiently(lambda: account.snapshot(loaded.prefix, symbol)))
            self.ready = True
            await self._loop()
        finally:
            unsubscribe()
            if isinstance(self.engine, RecordedEngine):
                self.engine.ended()

    def may_send(self) -> bool:
        """Not when the lease may end first, and not for a bot that its user has stopped or paused, or an operator has
        halted, while its orders go out one by one: that ends this runner, and the next one does what is wanted now."""
        return bool(self.host.may_send()) and not self._is_overruled()

    def _is_overruled(self) -> bool:
        if self.intent is None or self.engine.mode != "running":
            return False
        halted = self.intent.halt and not self.engine.risk_manager.halt
        return bool(halted) or mode_of(self.intent.status, self.intent.stopping) != "running"

    def tell(self, event: dict[str, Any]) -> None:
        self.host.feed.tell(self.bot, event)

    async def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Asks the exchange until it answers; lets go when told to meanwhile."""
        while True:
            try:
                return await ask()
            except (ExchangeUnavailable, RateLimited):
                self.give_way()
                await asyncio.sleep(RETRY_MS / 1000)  # what comes meanwhile waits in the inbox
                if self.inbox.holds(Hang()):
                    raise LetGo from None

    async def _first_price(self, exchange: Any) -> None:
        """A run begins at the exchange's own price of this moment, since its money is shared out by it; one that goes
        on takes what the bus says."""
        begun = self.engine.strategy.state.memory.get("run") == self.bot.run
        ticker = self.ticker if begun else None
        if ticker is None:
            ticker = await self._patiently(lambda: exchange.ticker(self.bot.symbol))
            self._on_ticker(ticker)
        self.engine.price = ticker.price
        self.engine.now = await exchange.exchange_time()

    def _on_ticker(self, ticker: Ticker) -> None:
        """Called for every price, thousands a second: one that crosses no threshold costs a comparison."""
        self.ticker, self._heard_at = ticker, asyncio.get_running_loop().time()
        if self.ready and not self.engine.band.holds(ticker.price):
            self.inbox.put(ticker)

    # The loop

    async def _loop(self) -> None:
        while not self.engine.done:
            event = await self.inbox.next(await self._patience())
            await self._attempt(event)

    async def _attempt(self, event: Event | None) -> None:
        self._hear(event)
        try:
            await self._look_at_market()
            await self._handle(event)
            self._catch_up()
        except (ExchangeUnavailable, RateLimited) as error:
            logger.warning("exchange_unavailable", extra={"bot_id": str(self.bot.pk), "code": error.code})
            self.give_way()
            now = await self.engine.exchange.exchange_time()
            self._recover(now + backoff(self._failures))
            self._failures += 1

    def _hear(self, event: Event | None) -> None:
        """What must not be lost where the exchange fails before it is acted upon: nobody says it twice."""
        match event:
            case Hang():
                raise LetGo
            case Intent():
                self._wanted = event
            case Reconcile():
                self._recover(self.engine.now, event.full)
                self._reports = event.reports

    def _recover(self, at: int, full: bool = False) -> None:
        """Compares with the exchange then. A full comparison that is due, or failed half-way, stays full."""
        self._recover_at = (at, full or (self._recover_at is not None and self._recover_at[1]))

    def _catch_up(self) -> None:
        """A price that came while an event was handled was compared with thresholds that are gone now."""
        ticker = self.ticker
        if ticker and ticker.price != self.engine.price and not self.engine.band.holds(ticker.price):
            self.inbox.put(ticker)

    async def _patience(self) -> float:
        now = await self.engine.exchange.exchange_time()
        # An idle bot wakes once a minute, each at a moment of its own.
        times = [(now // 60_000 + 1) * 60_000 + self._moment]
        if self.engine.wake_at is not None:
            times.append(self.engine.wake_at)
        if self._recover_at is not None:
            times.append(self._recover_at[0])
        elif (look_at := self.recovery.unknown.next_look()) is not None:
            times.append(look_at)
        return max(0, min(times) - now) / 1000

    async def _handle(self, event: Event | None) -> None:
        now = await self.engine.exchange.exchange_time()
        if self.ticker is not None:
            self.engine.price = self.ticker.price
            silence = asyncio.get_running_loop().time() - self._heard_at
            self.engine.now = max(now, self.engine.now)
            self.engine.risk_manager.priced_at = now - round(silence * 1000)
        if self._wanted is not None:
            await self._obey(self._wanted)
            self._wanted = None
        match event:
            case Fill():
                await self.engine.on_fill(event)
            case OrderReport():
                await self.engine.on_order(event)
            case Ticker():
                await self.engine.on_tick(event.price, now)
        await self._on_time(now)
        await self._silence.tell(self.engine, now)

    async def _look_at_market(self) -> None:
        """All that a bot plans is rounded by its market's rules: when they change, it starts anew with them."""
        try:
            market = await self.engine.exchange.market(self.bot.symbol)
        except UnknownSymbol:
            return  # a list may lack it for once; what is really gone is said by refused orders, and at a start
        if RULES(market) != RULES(self.engine.market):
            text = f"The exchange has new steps or minimums for {self.bot.symbol}; the bot goes on with them."
            await self.engine.store.tell("market_changed", text, "info")
            raise LetGo

    async def _on_time(self, now: int) -> None:
        if self._recover_at is not None and now >= self._recover_at[0]:
            await self._compare(now, self._recover_at[1])
        elif self._recover_at is None and now >= (self.recovery.unknown.next_look() or now + 1):
            await self.recovery.unknown.look()
        await self.engine.on_timer(now)

    async def _compare(self, now: int, full: bool) -> None:
        reports, self._reports = self._reports, None
        self.engine.now = max(now, self.engine.now)
        await self.recovery.run(reports)
        self._recover_at, self._failures = None, 0
        self.give_way()
        self.arrived()
        since = self.engine.position_manager.position.last[0] or self.first_sent
        if full and since:
            self.account.history.want(self.bot.symbol, since)

    async def _obey(self, intent: Intent) -> None:
        mode, action = mode_of(intent.status, intent.stopping), intent.stop_action or "keep"
        self.bot.status = intent.status
        await self.engine.halt(intent.halt)
        if mode == self.engine.mode and (mode != "stopping" or action == self.engine.stop_action):
            return
        logger.info("bot_mode", extra={"bot_id": str(self.bot.pk), "mode": mode})
        if mode == "stopping":
            await self.engine.stop(action)
            return
        if self.engine.mode == "stopping":
            raise LetGo  # started again: a new run, which begins with what the database says
        self.engine.mode = mode
        self._recover(self.engine.now)
