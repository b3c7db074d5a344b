"""Pictures of curves as PNG, in the product's own colours. matplotlib is loaded by the first of them."""

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import nan
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of static/css/tokens.css, its light theme: chats have backgrounds of their own.
SURFACE, LINE, TEXT, TEXT_2 = "#ffffff", "#e2e5ea", "#151922", "#565f6f"
ACCENT, UP, DOWN = "#3b4cca", "#08764f", "#c22b36"
INCHES, DPI = (4.8, 3.2), 200  # small paper: its letters are read on a phone

Curve = Sequence[Sequence[float]]  # ms, value


def equity(report: dict[str, Any], title: str) -> bytes:
    """A backtest's worth over time against buying and holding."""
    figure, axes = _plot(title)
    for curve, colour, label in (
        (report["buy_and_hold_curve"], TEXT_2, "Buy and hold"),
        (report["equity_curve"], ACCENT, "The bot"),
    ):
        axes.plot(_times(curve), [value for _, value in curve], color=colour, linewidth=1.7, label=label)
    axes.legend(loc="upper left", frameon=False, labelcolor=TEXT, fontsize=9)
    return _png(figure)


def price_range(closes: Curve, *, lower: float, upper: float, levels: Iterable[float], title: str) -> bytes:
    """The price, and the grid that is suggested on it."""
    figure, axes = _plot(title)
    axes.axhspan(lower, upper, color=ACCENT, alpha=0.08, linewidth=0)
    for level in levels:
        axes.axhline(level, color=ACCENT, alpha=0.35, linewidth=0.6)
    for edge in (lower, upper):
        axes.axhline(edge, color=ACCENT, linewidth=1.3)
    line = list(_with_gaps(closes))
    axes.plot(_times(line), [value for _, value in line], color=TEXT, linewidth=1.4)
    return _png(figure)


def _plot(title: str) -> "tuple[Figure, Any]":
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    figure = Figure(figsize=INCHES, dpi=DPI, facecolor=SURFACE, layout="constrained")
    axes = figure.subplots()
    # Without mathtext: a dollar sign in a name is a dollar sign.
    axes.set_title(title, loc="left", color=TEXT, fontsize=11, fontweight="bold", parse_math=False)
    axes.set_facecolor(SURFACE)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(colors=TEXT_2, length=0, labelsize=9)
    dates = AutoDateLocator(minticks=3, maxticks=5)
    axes.xaxis.set_major_locator(dates)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(dates))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.8g}"))
    axes.margins(x=0.01)
    return figure, axes


def _with_gaps(curve: Curve) -> Iterator[Sequence[float]]:
    """Broken where nothing is known for much longer than from one point to the next."""
    usual = median(later[0] - earlier[0] for earlier, later in pairwise(curve)) if len(curve) > 1 else 0
    for i, point in enumerate(curve):
        if i and point[0] - curve[i - 1][0] > 2 * usual:
            yield [point[0] - usual, nan]
        yield point


def _times(curve: Curve) -> list[datetime]:
    return [datetime.fromtimestamp(point[0] / 1000, UTC) for point in curve]


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    out = io.BytesIO()
    with warnings.catch_warnings():
        # A name may hold letters that the font has not: a box stands for each.
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        FigureCanvasAgg(figure).print_png(out)
    return out.getvalue()
