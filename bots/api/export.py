"""Rows as a CSV file that is never whole in memory."""

import csv
from collections.abc import AsyncIterator, Iterable, Iterator
from io import StringIO
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from bots.models import Bot, Fill

COLUMNS = [
    "time", "symbol", "side", "price", "quantity", "fee", "fee_asset", "liquidity", "trade_id", "order_id", "id",
]  # fmt: skip
BATCH = 1000  # rows


class StreamedRows(StreamingHttpResponse):
    """Under ASGI Django would gather a synchronous iterator whole before it sends the first byte."""

    def __init__(self, rows: Iterable[list[Any]], name: str) -> None:
        super().__init__(_lines(iter(rows)), content_type="text/csv; charset=utf-8")
        self["Content-Disposition"] = f'attachment; filename="{name}"'

    async def __aiter__(self) -> AsyncIterator[bytes]:
        def following() -> bytes | None:
            return next(parts, None)

        parts = iter(self)
        while (part := await sync_to_async(following)()) is not None:
            yield part


def fill_rows(bot: Bot) -> Iterator[list[Any]]:
    """The heading, then the bot's fills, the oldest first."""
    yield COLUMNS
    fills = Fill.objects.filter(bot=bot).order_by("time", "trade_id", "id")
    for fill in fills.iterator(chunk_size=BATCH):
        yield [as_text(getattr(fill, column)) for column in COLUMNS]


def as_text(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else f"{value}"


def _lines(rows: Iterator[list[Any]]) -> Iterator[str]:
    while batch := list(islice(rows, BATCH)):
        text = StringIO()
        csv.writer(text).writerows(batch)
        yield text.getvalue()
