"""Notices to a user's own channels: as words to chat and push services, as signed JSON to programs."""

import hmac
import json
import time
from hashlib import sha256

from django.conf import settings

from bots.models import Delivery
from bots.services import outward, push
from bots.services.own_channels import channel_of
from bots.services.senders import Idle, Later, Message, Undeliverable
from bots.services.topics import KINDS

GONE, TOO_MANY = 410, 429
LONGEST_PAUSE = 3600.0


class PushSender(Idle):
    def send(self, delivery: Delivery, message: Message) -> None:
        channel = channel_of(delivery)
        try:
            push.send(channel.url, f"AutoGrid: {message.title}", in_plain_words(message))
        except outward.NotAllowed as reason:
            raise Undeliverable(str(reason)) from None


class WebhookSender(Idle):
    """POST of JSON. `AutoGrid-Signature` is `v1=` and the hex HMAC-SHA256, under the channel's secret, of
    `AutoGrid-Timestamp` (Unix seconds), a dot, and the body. `AutoGrid-Delivery` is the same for every try of one
    message. Any 2xx takes it; 410 ends it."""

    def send(self, delivery: Delivery, message: Message) -> None:
        channel = channel_of(delivery)
        body = json.dumps(as_json(message), separators=(",", ":")).encode()
        try:
            answer = outward.post(channel.url, body, signed(channel.secret, body, message))
        except outward.NotAllowed as reason:
            raise Undeliverable(str(reason)) from None
        _judge(answer)


def signed(secret: str, body: bytes, message: Message) -> dict[str, str]:
    stamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "AutoGrid",
        "AutoGrid-Delivery": str(message.id),
        "AutoGrid-Timestamp": stamp,
        "AutoGrid-Signature": f"v1={digest}",
    }


def _judge(answer: outward.Answer) -> None:
    if 200 <= answer.status < 300:
        return
    if answer.status == GONE:
        raise Undeliverable("The program says that it is gone for good (410).")
    if answer.status == TOO_MANY and answer.retry_after:
        raise Later(min(answer.retry_after, LONGEST_PAUSE))
    raise OSError(f"the program answered {answer.status}")


def as_json(message: Message) -> dict[str, object]:
    return {
        "id": str(message.id),
        "kind": message.kind,
        "topic": KINDS[message.kind].topic,
        "title": message.title,
        "text": message.text,
        "facts": message.facts,
        "bot": message.bot or None,
        "time": message.time.isoformat().replace("+00:00", "Z"),
    }


def in_plain_words(message: Message) -> str:
    parts = [message.text, *message.lines]
    if message.bot and not message.lines:
        parts.append(
            f"Bot: {message.bot['name']} ({message.bot['strategy'].upper()} on {message.bot['symbol']})"
        )
    parts += [f"{name}: {value}" for name, value in message.facts.items()]
    if settings.AUTOGRID_URL:
        parts.append(f"{settings.AUTOGRID_URL}/" + (f"bots/{message.bot['id']}/" if message.bot else ""))
    return "\n".join(parts)
