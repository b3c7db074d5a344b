"""Rows as a CSV file that is never whole in memory."""

import csv
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from accounts.waiting import release_database
from bots import newest
from bots.models import Bot, Fill

COLUMNS = [
    "time", "symbol", "side", "price", "quantity", "fee", "fee_asset", "liquidity", "trade_id", "order_id", "id",
]  # fmt: skip
BATCH = 1000  # rows
FIRST = 50
STRETCH = 20_000  # fills, about: so many are sorted at a time


class StreamedRows(StreamingHttpResponse):
    """Under ASGI Django would gather a synchronous iterator whole before it sends the first byte."""

    def __init__(self, rows: Iterable[list[Any]], name: str) -> None:
        self._rows = iter(rows)
        super().__init__(_lines(self._rows), content_type="text/csv; charset=utf-8")
        self["Content-Disposition"] = f'attachment; filename="{name}"'

    async def __aiter__(self) -> AsyncIterator[bytes]:
        def following() -> bytes | None:
            return next(parts, None)

        parts = iter(self)
        try:
            while (part := await sync_to_async(following)()) is not None:
                yield part
        finally:
            await sync_to_async(self._let_go)()

    def _let_go(self) -> None:
        """Of the cursor and the connection, also where somebody has gone away in the middle."""
        if isinstance(self._rows, Generator):
            self._rows.close()
        release_database()


def oldest_first(
    bots: QuerySet[Bot], fills: QuerySet[Fill], start: datetime | None = None, end: datetime | None = None
) -> Iterator[Fill]:
    """Of `fills` those of these bots in [start, end). They are sorted stretch by stretch of time: the first of a
    million are there as soon as the first of a few."""
    ids = list(bots.values_list("pk", flat=True))
    first, last = newest.first_and_last(ids)
    if first is None or last is None:
        return
    at, stop = (
        max(first, start or first),
        min(last + timedelta(microseconds=1), end or datetime.max.replace(tzinfo=UTC)),
    )
    span = timedelta(days=1)
    while at < stop:
        stretch = fills.filter(bot_id__in=ids, time__gte=at, time__lt=min(at + span, stop))
        count = 0
        for fill in stretch.order_by("time", "trade_id", "id").iterator(chunk_size=BATCH):
            count += 1
            yield fill
        at += span
        span = span / 2 if count > STRETCH else span * 2


def fill_rows(bot: Bot) -> Iterator[list[Any]]:
    """The heading, then the bot's fills, the oldest first."""
    yield COLUMNS
    fills = Fill.objects.filter(bot=bot).order_by("time", "trade_id", "id")
    for fill in fills.iterator(chunk_size=BATCH):
        yield [as_text(getattr(fill, column)) for column in COLUMNS]


def as_text(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else f"{value}"


def _lines(rows: Iterator[list[Any]]) -> Iterator[str]:
    """Parts of the file; the first is small, since somebody waits for it."""
    most = FIRST
    while batch := list(islice(rows, most)):
        most = BATCH
        text = StringIO()
        csv.writer(text).writerows(batch)
        yield text.getvalue()
