"""Curves as SVG polylines: small enough to be drawn by the server."""

from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 600, 140, 6
MOST_POINTS = 300

Curve = Sequence[Sequence[float]]


def polylines(*curves: Curve) -> list[str]:
    """The `points` of each, in one frame of WIDTH by HEIGHT: (time, value) from left to right, from low to high."""
    times = [time for curve in curves for time, _ in curve]
    values = [value for curve in curves for _, value in curve]
    if not times:
        return ["" for _ in curves]
    across = (max(times) - min(times)) or 1
    up = (max(values) - min(values)) or 1
    first, lowest, inner = min(times), min(values), HEIGHT - 2 * MARGIN
    return [
        " ".join(
            f"{(time - first) / across * WIDTH:.1f},{HEIGHT - MARGIN - (value - lowest) / up * inner:.1f}"
            for time, value in _fewer(curve)
        )
        for curve in curves
    ]


def _fewer(curve: Curve) -> Curve:
    step = len(curve) // MOST_POINTS
    return [*curve[::step], curve[-1]] if step > 1 else curve
