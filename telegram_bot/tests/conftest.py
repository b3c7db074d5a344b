"""A chat at the wire: what Alice says reaches the product as an update of the fake, and what it answers goes back over
the unmodified library."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from bots.models import Bot
from bots.services import lifecycle, pace
from exchanges import background
from exchanges.models import Credential
from exchanges.services import create_credential
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread
from telegram_bot import identity
from telegram_bot.handling import handle
from telegram_bot.messenger import Messenger
from tests.fakes.telegram.server import FakeTelegram

ALICES, BOBS = 101, 202  # their chats
GRID = {"lower_price": "60000", "upper_price": "72000", "grid_count": "12", "investment": "1000"}
DCA = {"amount": "100", "interval": "1d", "take_profit": "3"}
Making = Callable[..., Bot]


class Wire:
    """The fake, the product's side of it, and both ends' words."""

    def __init__(self, fake: FakeTelegram, messenger: Messenger) -> None:
        self.fake, self.messenger = fake, messenger

    def say(self, chat_id: int, text: str, **how: Any) -> str:
        """The newest message of the bot in this chat, as it reads when all is answered; "" where it said nothing."""
        before = len(self.fake.from_bot(chat_id))
        self.fake.say(chat_id, text, **how)
        self.pump()
        said = self.fake.texts(chat_id)[before:]
        return said[-1] if said else ""

    def press(self, chat_id: int, label: str, **how: Any) -> str:
        """What the pressed message or a new one reads now, or else the toast."""
        before = self.fake.texts(chat_id)
        number = self.fake.press(chat_id, label, **how)
        self.pump()
        after = self.fake.texts(chat_id)
        changed = [new for i, new in enumerate(after) if i >= len(before) or before[i] != new]
        return changed[-1] if changed else self.fake.chats.toasts.get(number, "")

    def pump(self) -> None:
        while self.fake.chats.updates:
            handle(self.messenger, self.fake.chats.updates.pop(0))

    def labels(self, chat_id: int) -> list[str]:
        """Of the buttons under the bot's newest message."""
        rows = self.fake.from_bot(chat_id)[-1].get("reply_markup", {}).get("inline_keyboard", [])
        return [button["text"] for row in rows for button in row]


@pytest.fixture(scope="session")
def _fake() -> Iterator[FakeTelegram]:
    running = FakeTelegram()
    yield running
    running.close()


@pytest.fixture
def fake(_fake: FakeTelegram, settings: Any, tmp_path: Any) -> FakeTelegram:
    """Telegram, with no chats in it yet."""
    _fake.reset()
    settings.AUTOGRID_TELEGRAM_TOKEN, settings.AUTOGRID_TELEGRAM_API = _fake.token, _fake.url
    settings.HOME = tmp_path
    identity.write(username="autogrid_demo_bot")
    cache.clear()
    return _fake


@pytest.fixture(scope="session")
def _messenger(_fake: FakeTelegram) -> Iterator[Messenger]:
    with Messenger() as messenger:
        yield messenger


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second between two messages to a chat."""
    monkeypatch.setattr(pace, "CHAT_SECONDS", 0.001)


@pytest.fixture
def wire(fake: FakeTelegram, _messenger: Messenger, at_once: None, db: None) -> Wire:
    return Wire(fake, _messenger)


@pytest.fixture
def linked(alice: User, wire: Wire) -> User:
    """Alice, whose chat is linked."""
    alice.telegram_chat_id = ALICES
    alice.save()
    wire.fake.open(ALICES)
    return alice


@pytest.fixture(scope="package")
def sim() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread() as running:
        running.call(lambda exchange: exchange.set_price("BTCUSDT", Decimal("65000")))
        yield running
        background.close()


@pytest.fixture
def key(alice: User, sim: ThreadedSimulator, settings: Any, patient_with_exchanges: None) -> Credential:
    settings.EXCHANGE_SIMULATOR = sim.transport
    name = f"demo-{alice.id.hex}"
    return create_credential(
        user=alice, exchange="binance", label="Main", api_key=name, api_secret="s3cret-of-a"
    )


@pytest.fixture
def making(key: Credential, monkeypatch: pytest.MonkeyPatch) -> Making:
    """Makes bots of Alice's. No worker runs here: what would be enqueued is left."""
    monkeypatch.setattr(lifecycle, "enqueue", lambda bot: None)

    def make(name: str = "Range", strategy: str = "grid", **values: Any) -> Bot:
        config = GRID if strategy == "grid" else DCA
        bot = lifecycle.create_bot(
            user=key.user, credential=key, name=name, strategy=strategy, symbol="BTC/USDT", config=config
        )
        Bot.objects.filter(id=bot.id).update(**values)
        bot.refresh_from_db()
        return bot

    return make


@pytest.fixture
def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    return client
