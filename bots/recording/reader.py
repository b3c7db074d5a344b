"""The recorded lines of one bot, as pages of events: each page begins with all that its engine knew."""

import zlib
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bots.recording.tape import SUFFIX

CHUNK = 2**20
PAGES = ("start", "page")
NOTES = frozenset({"ask", "got", "time", "booked", "lost"})


@dataclass(slots=True)
class Event:
    """`changed` is what was set from outside before it, `notes` the requests, times and writes that belong to it."""

    kind: str
    changed: dict[str, Any]
    arguments: list[Any]
    notes: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """`end` is the state it must arrive at; None where the process was ended in the midst, or goes on still."""

    core: str
    began: int
    attempts: list[list[Any]]
    state: bytes
    begins_run: bool
    events: list[Event] = field(default_factory=list)
    end: bytes | None = None

    @property
    def ended(self) -> int:
        """ms: of the last event that says a time."""
        return max((event.changed.get("now", 0) for event in self.events), default=self.began)


def pages(folder: Path, prefix: str) -> list[Page]:
    """Oldest first, of all processes that had the bot. `prefix` is what its orders' ids begin with."""
    found: list[Page] = []
    open_pages: dict[str, Page] = {}  # by process
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        process = path.name.removesuffix(SUFFIX).rpartition("-")[2]
        for kind, *values in _lines(path, prefix):
            page = open_pages.get(process)
            if kind in PAGES or kind == "end":
                if page is not None and kind != "start":
                    page.end = b64decode(values[3])
                open_pages.pop(process, None)
            if kind in PAGES:
                open_pages[process] = _page(kind, *values)
                found.append(open_pages[process])
            elif page is not None and kind != "end":
                _add(page, kind, values)
        if not _is_whole(path):
            open_pages.pop(process, None)
    return sorted(found, key=lambda page: page.began)


def _page(kind: str, core: str, began: int, attempts: list[list[Any]], state: str) -> Page:
    return Page(core, began, attempts, b64decode(state), begins_run=kind == "start")


def _add(page: Page, kind: str, values: list[Any]) -> None:
    if kind not in NOTES:
        page.events.append(Event(kind, values[0], values[1:]))
    elif page.events:
        page.events[-1].notes.append([kind, *values])


def _lines(path: Path, prefix: str) -> Iterator[list[Any]]:
    mark = f'["{prefix}",'.encode()
    for line in _whole_lines(path):
        if line.startswith(mark):
            yield orjson.loads(line)[1:]


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Up to where the file was torn."""
    unpack, rest = zlib.decompressobj(wbits=31), b""
    with path.open("rb") as file:
        while packed := file.read(CHUNK):
            try:
                text = unpack.decompress(packed)
            except zlib.error:
                return
            *lines, rest = (rest + text).split(b"\n")
            yield from lines


def _is_whole(path: Path) -> bool:
    """Whether the process that wrote it has ended it."""
    unpack = zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while packed := file.read(CHUNK):
            try:
                unpack.decompress(packed)
            except zlib.error:
                return False
    return unpack.eof
