"""The config that a link to a kept backtest means."""

from typing import Any

from django.http import Http404

from bots.models import Backtest


def config_of(kept: Backtest, best: str | None) -> dict[str, Any]:
    """What was replayed; with `best` (0, 1, ...) one of those an optimiser found. Raises Http404 for what is not
    there."""
    if best is None:
        return dict(kept.request["config"])
    found = (kept.result or {}).get("best", [])
    if not best.isdecimal() or int(best) >= len(found):
        raise Http404("This optimisation has no such config.")
    return {**kept.request["config"], **found[int(best)]["config"]}
