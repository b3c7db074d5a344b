"""The account streams of a worker: one per credential, shared by its bots, with a REST comparison now and then."""

import asyncio
import logging
from uuid import UUID

from bots.core.ids import PREFIX
from bots.core.ports import AccountRefused, ExchangeConnector, ExchangeError
from bots.core.types import Fill, OrderReport
from bots.models import Bot
from bots.runtime.inbox import Inbox, Reconcile
from exchanges import services as exchanges
from exchanges.connector.paper_stream import Prices
from exchanges.models import Credential

logger = logging.getLogger(__name__)
RECONCILE_EVERY = 45.0  # seconds
CONNECT_PATIENCE = 5.0
STREAM_AGAIN = 30.0  # seconds after a stream that ended for good, as far as the connector can tell
CODE = slice(0, len(PREFIX) + 13)  # the part of a client id that names the bot


class Account:
    """One credential's connector and stream, handing events to the bots they name."""

    def __init__(self, credential: Credential, connector: ExchangeConnector, prices: Prices) -> None:
        self.credential = credential
        self.connector = connector
        self._prices = prices
        self.members: dict[str, tuple[str, Inbox]] = {}  # symbol and inbox, by the bot's client id prefix
        self._ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns when the stream is live, or after a moment without it: REST then stands in."""
        self._tasks = [asyncio.create_task(self._stream()), asyncio.create_task(self._compare())]
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
        await self.connector.close()

    async def _stream(self) -> None:
        """As long as the account is in use: bots that outlive a refusal must not live without a stream."""
        told = {"credential_id": str(self.credential.pk)}
        while True:
            stream = await exchanges.open_account_stream(
                self.credential, self.connector, self._symbols, self._prices
            )
            try:
                await stream.run(self._on_event)
            except AccountRefused:
                # The bots meet the same refusal at their next request: they end in order, and the key is marked.
                logger.warning("account_refused", extra=told)
                self._tell_all(Reconcile(full=False))
            except Exception:
                logger.exception("account_stream_failed", extra=told)
            self._ready.set()
            await asyncio.sleep(STREAM_AGAIN)

    def _symbols(self) -> set[str]:
        return {symbol for symbol, _ in self.members.values()}

    def _on_event(self, event: Fill | OrderReport | object) -> None:
        if isinstance(event, Fill | OrderReport):
            member = self.members.get(event.client_id[CODE])
            if member is not None:
                member[1].put(event)
            return
        first = not self._ready.is_set()
        self._ready.set()
        if not first:
            self._tell_all(Reconcile(full=True))

    def _tell_all(self, event: Reconcile) -> None:
        for _, inbox in self.members.values():
            inbox.put(event)

    async def _compare(self) -> None:
        """Reads the open orders once per symbol and hands them to all its bots."""
        while True:
            await asyncio.sleep(RECONCILE_EVERY)
            for symbol in self._symbols():
                try:
                    reports = tuple(await self.connector.open_orders(symbol))
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

    def __init__(self) -> None:
        self.prices: Prices  # the worker's, once it has them
        self._accounts: dict[UUID, tuple[Account, asyncio.Task[None]]] = {}

    async def join(self, bot: Bot, prefix: str, inbox: Inbox) -> Account:
        """The bot's account, with the bot listening to it."""
        credential = bot.credential
        found = self._accounts.get(credential.pk)
        if found is None:
            account = Account(credential, await exchanges.open_connector(credential), self.prices)
            found = self._accounts.setdefault(
                credential.pk, (account, asyncio.ensure_future(account.start()))
            )
        account, started = found
        account.members[prefix] = (bot.symbol, inbox)
        await asyncio.shield(started)
        return account

    async def leave(self, account: Account, prefix: str) -> None:
        account.members.pop(prefix, None)
        if not account.members and self._accounts.get(account.credential.pk, (None,))[0] is account:
            del self._accounts[account.credential.pk]
            await account.close()

    async def close(self) -> None:
        for account, _ in list(self._accounts.values()):
            await account.close()
        self._accounts.clear()
