"""The account streams of a worker: one per credential, shared by its bots, with a REST comparison now and then."""

import asyncio
import logging
from uuid import UUID

from bots.core.ids import PREFIX
from bots.core.ports import AccountRefused
from bots.core.types import Fill, OrderReport
from bots.runtime.inbox import Inbox, Reconcile
from exchanges import services as exchanges
from exchanges.connector.rest import BinanceConnector
from exchanges.models import Credential

logger = logging.getLogger(__name__)
RECONCILE_EVERY = 45.0  # seconds
CONNECT_PATIENCE = 5.0
CODE = slice(0, len(PREFIX) + 13)  # the part of a client id that names the bot


class Account:
    """One credential's connector and stream, handing events to the bots they name."""

    def __init__(self, credential: Credential, connector: BinanceConnector) -> None:
        self.credential = credential
        self.connector = connector
        self.inboxes: dict[str, Inbox] = {}  # by the bot's client id prefix
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

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connector.close()

    async def _stream(self) -> None:
        stream = await exchanges.open_account_stream(self.credential, self.connector)
        try:
            await stream.run(self._on_event)
        except AccountRefused:
            # The bots meet the same refusal at their next request and end in order.
            logger.warning("account_refused", extra={"credential_id": str(self.credential.pk)})
            self._tell_all(Reconcile(full=False))
        finally:
            self._ready.set()

    def _on_event(self, event: Fill | OrderReport | object) -> None:
        if isinstance(event, Fill | OrderReport):
            inbox = self.inboxes.get(event.client_id[CODE])
            if inbox is not None:
                inbox.put(event)
            return
        first = not self._ready.is_set()
        self._ready.set()
        if not first:
            self._tell_all(Reconcile(full=True))

    def _tell_all(self, event: Reconcile) -> None:
        for inbox in self.inboxes.values():
            inbox.put(event)

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(RECONCILE_EVERY)
            self._tell_all(Reconcile(full=False))


class Accounts:
    """The accounts in use; each lives while a bot of it runs here."""

    def __init__(self) -> None:
        self._accounts: dict[UUID, tuple[Account, asyncio.Task[None]]] = {}

    async def join(self, credential: Credential, prefix: str, inbox: Inbox) -> Account:
        """The account, with the bot listening to it."""
        found = self._accounts.get(credential.pk)
        if found is None:
            account = Account(credential, await exchanges.open_connector(credential))
            found = self._accounts.setdefault(
                credential.pk, (account, asyncio.ensure_future(account.start()))
            )
        account, started = found
        account.inboxes[prefix] = inbox
        await asyncio.shield(started)
        return account

    async def leave(self, account: Account, prefix: str) -> None:
        account.inboxes.pop(prefix, None)
        if not account.inboxes and self._accounts.get(account.credential.pk, (None,))[0] is account:
            del self._accounts[account.credential.pk]
            await account.close()

    async def close(self) -> None:
        for account, _ in list(self._accounts.values()):
            await account.close()
        self._accounts.clear()
