"""The accounts of a worker: one stream each, shared by its bots, with a REST comparison now and then."""

import asyncio
import logging
from collections import deque
from uuid import UUID

from bots.core.ids import PREFIX
from bots.core.ports import AccountRefused, ExchangeConnector, ExchangeError
from bots.core.types import Fill, OrderReport
from bots.models import Bot
from bots.runtime.database import Database
from bots.runtime.history import History, Pace
from bots.runtime.inbox import Inbox, Reconcile
from bots.runtime.reads import AccountReads
from exchanges import services as exchanges
from exchanges.connector.paper_stream import Prices
from exchanges.models import Credential

logger = logging.getLogger(__name__)
RECONCILE_EVERY = 45.0  # seconds
COMPARED_PER_MINUTE = 300  # markets of all accounts together: 1,800 of Binance's 6,000 weight
CONNECT_PATIENCE = 5.0
STREAM_AGAIN = 30.0  # seconds after a stream that ended for good, as far as the connector can tell
CODE = slice(0, len(PREFIX) + 13)  # the part of a client id that names the bot
SHARED_FOR = 10.0  # seconds that open orders which were read for one bot serve those that come after it
REMEMBERED = 15.0  # seconds of the stream that a bot which joins is told: what came after such a read


class Account:
    """One credential's connector and stream, handing events to the bots they name."""

    def __init__(
        self,
        credential: Credential,
        connector: ExchangeConnector,
        prices: Prices,
        *,
        database: Database,
        pace: Pace,
    ) -> None:
        self.credential = credential
        self.connector = connector
        self._prices = prices
        self.reads = AccountReads(connector)
        name = f"{credential.venue}:{credential.account_uid}"
        self.history = History(name, self.reads, database, pace, self.deliver)
        self.members: dict[str, tuple[str, Inbox]] = {}  # symbol and inbox, by the bot's client id prefix
        self.every = RECONCILE_EVERY  # seconds between two comparisons
        self._live_since: float | None = None
        self._left: dict[str, float] = {}  # when a bot was here last (the loop's time)
        self._lately: deque[tuple[float, Fill | OrderReport]] = deque()
        self._ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        work = (self._stream, self._compare, self.history.run)
        self._tasks = [asyncio.create_task(each()) for each in work]

    async def ready(self) -> None:
        """Returns when the stream is live, or after a moment without it: REST then stands in."""
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                await self._ready.wait()
        except TimeoutError:
            logger.warning("account_stream_late", extra={"credential_id": str(self.credential.pk)})
            self._ready.set()  # the bots recover now; when the stream is live they must do so again

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.reads.close()
        await self.connector.close()

    # Members

    def join(self, prefix: str, symbol: str, inbox: Inbox) -> None:
        self.members[prefix] = (symbol, inbox)
        for _, event in self._lately:
            if event.client_id[CODE] == prefix:
                inbox.put(event)

    def leave(self, prefix: str) -> None:
        self.members.pop(prefix, None)
        self._left[prefix] = asyncio.get_running_loop().time()

    def deliver(self, event: Fill | OrderReport) -> bool:
        """To the bot it names, where that is one of ours here."""
        member = self.members.get(event.client_id[CODE])
        if member is not None:
            member[1].put(event)
        return member is not None

    def symbols(self) -> set[str]:
        return {symbol for symbol, _ in self.members.values()}

    async def snapshot(self, prefix: str, symbol: str) -> list[OrderReport]:
        """The open orders for a bot that has just joined: a read of a moment ago does, since what the stream has
        told since is in the bot's inbox."""
        now = asyncio.get_running_loop().time()
        if self._live_since is None:
            return await self.reads.open_orders(symbol, now)
        own = self._left.get(prefix, 0.0)  # what it did itself until then must show
        return await self.reads.open_orders(symbol, max(self._live_since, now - SHARED_FOR, own))

    # The stream

    async def _stream(self) -> None:
        """As long as the account is in use: bots that outlive a refusal must not live without a stream."""
        told = {"credential_id": str(self.credential.pk)}
        while True:
            stream = await exchanges.open_account_stream(
                self.credential, self.connector, self.symbols, self._prices
            )
            try:
                await stream.run(self._on_event)
            except AccountRefused:
                # The bots meet the same refusal at their next request: they end in order, and the key is marked.
                logger.warning("account_refused", extra=told)
                self._tell_all(Reconcile(full=False))
            except Exception:
                logger.exception("account_stream_failed", extra=told)
            self._live_since = None
            self._ready.set()
            await asyncio.sleep(STREAM_AGAIN)

    def _on_event(self, event: Fill | OrderReport | object) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(event, Fill | OrderReport):
            self._remember(now, event)
            self.deliver(event)
            return
        self._live_since = now
        first = not self._ready.is_set()
        self._ready.set()
        if not first:
            self._tell_all(Reconcile(full=True))

    def _remember(self, now: float, event: Fill | OrderReport) -> None:
        self._lately.append((now, event))
        while self._lately[0][0] < now - REMEMBERED:
            self._lately.popleft()

    def _tell_all(self, event: Reconcile) -> None:
        for _, inbox in self.members.values():
            inbox.put(event)

    # The comparison

    async def _compare(self) -> None:
        """Reads the open orders once per symbol and hands them to all its bots."""
        while True:
            await asyncio.sleep(self.every)
            for symbol in sorted(self.symbols()):
                try:
                    reports = tuple(await self.reads.open_orders(symbol))
                except AccountRefused:
                    self._tell_all(
                        Reconcile(full=False)
                    )  # they ask themselves, meet the same, and end in order
                    break
                except ExchangeError:
                    continue  # the bots' own requests meet the same, and answer to it
                except Exception:
                    logger.exception("comparison_failed", extra={"credential_id": str(self.credential.pk)})
                    continue
                for its, inbox in self.members.values():
                    if its == symbol:
                        inbox.put(Reconcile(full=False, reports=reports))


class Accounts:
    """The accounts in use; each lives while a bot of it runs here."""

    def __init__(self, database: Database) -> None:
        self.prices: Prices  # the worker's, once it has them
        self._database = database
        self._pace = Pace()
        self._accounts: dict[UUID, asyncio.Task[Account]] = {}

    async def join(self, bot: Bot, prefix: str, inbox: Inbox) -> Account:
        """The bot's account, with the bot listening to it. Raises AccountRefused."""
        credential = bot.credential
        opening = self._accounts.get(credential.pk)
        if opening is None or (opening.done() and opening.exception() is not None):
            opening = self._accounts[credential.pk] = asyncio.ensure_future(self._open(credential))
        account = await asyncio.shield(opening)
        account.join(prefix, bot.symbol, inbox)
        self._pace_comparisons()
        await account.ready()
        return account

    async def _open(self, credential: Credential) -> Account:
        connector = await exchanges.open_connector(credential)
        account = Account(credential, connector, self.prices, database=self._database, pace=self._pace)
        account.begin()
        return account

    def _opened(self) -> list[Account]:
        done = [task for task in self._accounts.values() if task.done() and not task.cancelled()]
        return [task.result() for task in done if task.exception() is None]

    def _pace_comparisons(self) -> None:
        markets = sum(len(account.symbols()) for account in self._opened())
        for account in self._opened():
            account.every = max(RECONCILE_EVERY, 60 * markets / COMPARED_PER_MINUTE)

    async def leave(self, account: Account, prefix: str) -> None:
        account.leave(prefix)
        if not account.members and account in self._opened():
            del self._accounts[account.credential.pk]
            await account.close()

    async def close(self) -> None:
        opened = self._opened()
        for opening in self._accounts.values():
            opening.cancel()
        self._accounts.clear()
        for account in opened:
            await account.close()
