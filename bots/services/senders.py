"""What a channel must be able to do, and what it may answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import NAMESPACE_OID, UUID, uuid5

from bots.models import Channel, Delivery
from bots.services.topics import KINDS


class Undeliverable(Exception):
    """Never, to this recipient; the text says why, fit for an operator's eyes."""


class Later(Exception):
    """Not before `seconds` are over; no failure of ours or theirs."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.1f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Message:
    """What is told, in words, for whichever channel. `lines` are the single events of a digest."""

    id: UUID  # the same for every try of the same content
    kind: str
    title: str
    text: str
    facts: dict[str, str]
    lines: tuple[str, ...]
    bot: dict[str, str]  # name, id, symbol, strategy; empty where it is not about one bot
    time: datetime
    curve: dict[str, Any] | None = None


class Sender(Protocol):
    """A channel's connection for one batch."""

    def __enter__(self) -> "Sender": ...

    def __exit__(self, *_: object) -> None: ...

    def send(self, delivery: Delivery, message: Message) -> None:
        """Raises Undeliverable, Later, or anything else where another try may succeed."""


class Idle:
    """For a channel that keeps no connection."""

    def __enter__(self) -> "Idle":
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, delivery: Delivery, message: Message) -> None:
        raise Undeliverable(f"{Channel(delivery.channel).label} is not set up on this server.")


def message_of(rows: list[Delivery]) -> Message:
    """One message of rows to the same address: of one, or of a digest."""
    first = rows[0]
    several = len(rows) > 1
    return Message(
        id=uuid5(NAMESPACE_OID, " ".join(sorted(str(row.pk) for row in rows))) if several else first.pk,
        kind=first.kind,
        title=f"{len(rows)} orders filled" if several else subject(first),
        text=f"{len(rows)} orders of your bots were filled." if several else first.data["text"],
        facts={} if several else dict(first.data["facts"]),
        lines=tuple(f"{row.data.get('bot', '')}: {row.data['text']}" for row in rows) if several else (),
        bot={} if several else _bot(first),
        time=first.created_at,
        curve=None if several else first.data.get("curve"),
    )


def subject(delivery: Delivery) -> str:
    """One line: a bot's name cannot bring a header of its own."""
    bot = delivery.data.get("bot") or "Your bots"
    return " ".join(KINDS[delivery.kind].subject.format(bot=bot).split())[:150]


def _bot(delivery: Delivery) -> dict[str, str]:
    data = delivery.data
    if "bot_id" not in data:
        return {}
    return {"name": data["bot"], "id": data["bot_id"], "symbol": data["symbol"], "strategy": data["strategy"]}
