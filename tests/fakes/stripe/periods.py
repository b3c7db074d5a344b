"""Billing periods by the calendar: a month after 31 January is 28 February, and then 31 March again."""

import calendar
from datetime import UTC, datetime


def after(anchor: int, interval: str, count: int) -> int:
    """`count` intervals after the anchor, in seconds since the epoch."""
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def next_end(anchor: int, interval: str, now: int) -> int:
    """The first end of a period after `now`."""
    count = 1
    while after(anchor, interval, count) <= now:
        count += 1
    return after(anchor, interval, count)
