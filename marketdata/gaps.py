"""Where candles are missing, in words."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

SHOWN = 10


def gap_lines(gaps: Sequence[tuple[int, int]], width: int, most: int = SHOWN) -> Iterator[str]:
    """The `most` longest of the gaps ([first missing, next present) in ms) of candles of `width` ms, in their order,
    and how many more there are."""
    longest = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[:most])
    for first, after in longest:
        yield f"missing from {_utc(first)} to {_utc(after)}: {(after - first) // width:,}"
    rest = len(gaps) - len(longest)
    if rest:
        count = (sum(b - a for a, b in gaps) - sum(b - a for a, b in longest)) // width
        yield f"and {rest:,} shorter gap{'s' * (rest > 1)} with {count:,} candles"


def _utc(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
