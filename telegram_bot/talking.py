"""What comes out of a chat and what goes into it, whatever carries it."""

from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message (`text`) or a pressed button (`data`, `press_id`; `message_id` is the message it hangs on)."""

    chat_id: int
    sender_id: int
    private: bool = True
    text: str = ""
    data: str = ""
    press_id: str = ""
    message_id: int = 0
    has_photo: bool = False

    @property
    def is_press(self) -> bool:
        return bool(self.press_id)


@dataclass(frozen=True, slots=True)
class Button:
    """`data` is at most 64 bytes."""

    text: str
    data: str


Rows = list[list[Button]]


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is Telegram's HTML. `edits`: in place of the message whose button was pressed, where that can be done.
    `sent` is told the id of the message it became."""

    text: str
    buttons: Rows = field(default_factory=list)
    photo: bytes | None = None
    edits: bool = False
    sent: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`toast` is shown for a moment to who pressed a button."""

    replies: list[Reply] = field(default_factory=list)
    toast: str = ""


SILENCE = Answer()


def say(text: str, buttons: Rows | None = None, *, edits: bool = False, photo: bytes | None = None) -> Answer:
    return Answer([Reply(text, buttons or [], photo, edits)])


def toast(text: str) -> Answer:
    return Answer(toast=text)
