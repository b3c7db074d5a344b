"""How things look in a chat: Telegram's HTML, and tables of equal letters that fit a phone."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from bots.templatetags.trade import BADGES, MOMENT, coin, state_of

WIDE = 34  # letters of a fixed-width line on a phone
STATES = {
    "running": "🟢",
    "paused": "⏸",
    "stopped": "⏹",
    "stopping": "⏳",
    "halted": "⛔",
    "error": "🔴",
}


def bold(text: Any) -> str:
    return f"<b>{escape(str(text))}</b>"


def code(text: Any) -> str:
    return f"<code>{escape(str(text))}</code>"


def short(text: str, most: int) -> str:
    """One line of at most `most` letters, without what would break a table."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def state(view: Any) -> str:
    """ "🟢 Running" of a bot or its view."""
    word = state_of(view)
    return f"{STATES.get(word, '')} {BADGES.get(word, (word.title(),))[0]}".strip()


def counted(number: int, what: str) -> str:
    """ "1 fill", "1,200 fills"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def quote_of(symbol: str) -> str:
    return coin(symbol, "quote")


def when(time: datetime | None, zone: str) -> str:
    """In the user's own time zone."""
    return "–" if time is None else f"{time.astimezone(ZoneInfo(zone)):%d %b %H:%M}"


def with_times(text: str, zone: str) -> str:
    """Of a reason, which holds times as milliseconds, for people."""
    return MOMENT.sub(lambda ms: when(datetime.fromtimestamp(int(ms[0]) / 1000, UTC), zone), text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """The first `left` columns begin at the left, the others end at the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    shown = ("  ".join(_cells(line, widths, left)).rstrip() for line in lines)
    return f"<pre>{escape(chr(10).join(shown))}</pre>"


def _cells(line: Sequence[str], widths: Sequence[int], left: int) -> Iterable[str]:
    for i, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.ljust(width) if i < left else cell.rjust(width)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names at the left, values at the right edge of the widest."""
    return table_without_head([list(pair) for pair in pairs])


def table_without_head(rows: list[list[str]]) -> str:
    return table(rows[0], rows[1:]) if rows else ""


def fit(text: str, most: int) -> str:
    """Cut at a line's end, so that no tag is left open within a line."""
    if len(text) <= most:
        return text
    cut = text[: most - 20].rsplit("\n", 1)[0]
    return cut + ("</pre>" if cut.count("<pre>") > cut.count("</pre>") else "") + "\n…"
