"""Where worker processes die, and what else goes wrong meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

POINTS = (
    "before_intend:1", "after_intend:1", "before_mark_sent:2", "after_mark_sent:2", "before_send:2", "in_flight:2",
    "after_send:2", "before_record:2", "after_record:2", "before_ingest:1", "mid_ingest:1", "after_ingest:1",
    "before_recovery:1", "after_recovery:1", "after_comparison:1", "before_mark_sent:5", "in_flight:5",
    "mid_ingest:2", "after_ingest:2",
)  # fmt: skip
FAULTS = (
    None, "accept_then_drop", "hang", "http_503", "truncate", "html_200", "empty_200", "code_-1006", "http_429",
    "delay_inside_window", "delay_outside_window", "not_found", "partial_fill", "ws_drop", "ws_malformed",
    "ws_silence",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Each of `points` is where one worker after the other dies; the last worker lives."""

    points: tuple[str, ...]
    fault: str | None = None

    def __str__(self) -> str:
        return "-".join(self.points) + (f"-{self.fault}" if self.fault else "")


FEW = (
    Case(("after_intend:1",)),
    Case(("after_mark_sent:2",), "not_found"),
    Case(("in_flight:2",), "delay_inside_window"),
    Case(("after_send:2",), "ws_drop"),
    Case(("before_record:2",), "accept_then_drop"),
    Case(("mid_ingest:1",)),
    Case(("in_flight:5", "before_recovery:1")),
    Case(("after_comparison:1", "mid_ingest:1"), "partial_fill"),
)


def every() -> Iterator[Case]:
    """Every point with every fault, and deaths at two points; a run that is cut short has had some of each."""
    pairs = list(product(POINTS[::2], POINTS[1::2]))
    for turn in range(len(FAULTS)):
        for number, point in enumerate(POINTS):
            yield Case((point,), FAULTS[(number + turn) % len(FAULTS)])
        yield from (Case(pair) for pair in pairs[turn :: len(FAULTS)])


ALL = tuple(every())
