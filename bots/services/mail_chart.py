"""The picture in a report's e-mail: profit over the time it tells of, in the product's colours, for light and for dark
mail programs. matplotlib is imported when it is needed: it is large."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

INCHES, DPI = (4.2, 2.2), 240  # small paper: its letters are read on a phone


@dataclass(frozen=True, slots=True)
class Colours:
    surface: str
    text: str
    line: str
    up: str
    down: str


# As in static/css/tokens.css.
LIGHT = Colours("#ffffff", "#565f6f", "#e2e5ea", "#08764f", "#c22b36")
DARK = Colours("#141820", "#a2acbc", "#262d39", "#3fd6a0", "#ff8a8f")


def chart(curve: dict[str, Any], zone: str, colours: Colours) -> bytes:
    """PNG. `curve`: name of the money, points of [ms, amount]."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    tz = ZoneInfo(zone)
    times: Any = [datetime.fromtimestamp(at / 1000, tz) for at, _ in curve["points"]]
    values = [float(value) for _, value in curve["points"]]  # of a picture
    tone = colours.up if values[-1] >= 0 else colours.down
    figure = Figure(figsize=INCHES, dpi=DPI, facecolor=colours.surface, layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor(colours.surface)
    axes.plot(times, values, color=tone, linewidth=1.6)
    axes.fill_between(times, values, color=tone, alpha=0.12, linewidth=0)
    axes.axhline(0, color=colours.line, linewidth=1)
    locator = AutoDateLocator(tz=tz, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=tz, show_offset=False))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter("{x:+,.2f}")
    axes.tick_params(colors=colours.text, labelsize=9, length=0)
    axes.grid(axis="y", color=colours.line, linewidth=0.6)
    axes.margins(x=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    picture = BytesIO()
    figure.savefig(picture, format="png", facecolor=colours.surface)
    return picture.getvalue()


def in_words(curve: dict[str, Any]) -> str:
    """For who does not see it."""
    values = [float(value) for _, value in curve["points"]]
    return (
        f"Profit in {curve['name']} over time: from {min(values):+,.2f} to {max(values):+,.2f},"
        f" {values[-1]:+,.2f} at the end."
    )
