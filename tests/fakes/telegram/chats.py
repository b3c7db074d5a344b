"""What Telegram would remember of one bot: its chats, the updates nobody has taken yet, and what was asked of it."""

import itertools
import time
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

Object = dict[str, Any]
PRIVATE = "private"


class Refused(Exception):
    """An error as Telegram answers it."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters

    @property
    def body(self) -> Object:
        body: Object = {"ok": False, "error_code": self.status, "description": self.description}
        return {**body, "parameters": self.parameters} if self.parameters else body


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot: `status` is what it was answered, `time` of time.monotonic."""

    method: str
    params: Object
    status: int
    time: float


@dataclass
class Fault:
    """Strikes the next `count` calls of `method` ("": of any that sends). `status` 0: it is carried out all the same;
    `drop`: carried out, and the connection closed without an answer. `slow` is in seconds."""

    method: str = ""
    status: int = 0
    retry_after: int = 0
    slow: float = 0
    drop: bool = False
    count: int = 1
    chat_id: int | None = None


@dataclass
class Chats:
    """Touch it under `changed` alone: it is notified of every change."""

    token: str
    username: str = "autogrid_demo_bot"
    changed: Condition = field(default_factory=Condition)
    messages: list[Object] = field(default_factory=list)  # of all chats, both sides, oldest first
    updates: list[Object] = field(default_factory=list)  # that nobody has taken yet
    calls: list[Call] = field(default_factory=list)
    toasts: dict[str, str] = field(default_factory=dict)  # what a press was answered, by the press's id
    photos: dict[int, bytes] = field(default_factory=dict)  # by message id
    commands: list[Object] = field(default_factory=list)
    known: set[int] = field(
        default_factory=set
    )  # who has spoken to the bot before, in another life of the fake
    blocked: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    webhook: Object = field(default_factory=lambda: {"url": "", "secret_token": ""})
    closed: bool = False
    # Later lives go on: an update's number never comes again.
    _numbers: Any = field(default_factory=lambda: itertools.count(int(time.time())))

    def number(self) -> int:
        return int(next(self._numbers))

    def update(self, **what: Any) -> Object:
        made = {"update_id": self.number(), **what}
        self.updates.append(made)
        self.changed.notify_all()
        return made

    def user(self, chat_id: int) -> Object:
        return {"id": chat_id, "is_bot": False, "first_name": f"Visitor {chat_id}", "language_code": "en"}

    @property
    def bot(self) -> Object:
        number = self.token.partition(":")[0]
        return {"id": int(number or 1), "is_bot": True, "first_name": "AutoGrid", "username": self.username}

    def chat(self, chat_id: int, kind: str = PRIVATE) -> Object:
        if kind != PRIVATE:
            return {"id": chat_id, "type": kind, "title": "A group"}
        return {"id": chat_id, "type": PRIVATE, "first_name": f"Visitor {chat_id}"}

    def post(self, chat: Object, sender: Object, **content: Any) -> Object:
        message = {"message_id": self.number(), "date": int(time.time()), "chat": chat, "from": sender}
        self.messages.append({**message, **content})
        self.changed.notify_all()
        return self.messages[-1]

    def message(self, chat_id: int, message_id: int) -> Object:
        for message in self.messages:
            if message["chat"]["id"] == chat_id and message["message_id"] == message_id:
                return message
        raise Refused(400, "Bad Request: message to edit not found")

    def of(self, chat_id: int) -> list[Object]:
        return [message for message in self.messages if message["chat"]["id"] == chat_id]
