"""What the page of an optimisation shows, made from the kept request and what was found."""

from collections.abc import Mapping
from typing import Any

from bots.models import Strategy
from bots.templatetags.trade import moment, percent, plain, signed
from bots.web.optimize_form import OBJECTIVES
from bots.web.result import worded
from bots.web.strategy_form import FIELDS, StrategyForm

RATIOS = {"total_return"}  # objectives that are fractions, shown as per cent
WIDE, HIGH = 1000, 300


def shown(request: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    labels = {name: str(field.label) for name, field in StrategyForm.base_fields.items()}
    swept = [name for name in FIELDS[Strategy(request["strategy"])] if len(found["ranges"].get(name, ())) > 1]
    objective = found["objective"]
    columns = [labels[name] + (", %" if found["units"][name] == "percent" else "") for name in swept]
    return {
        "found": found,
        "objective": dict(OBJECTIVES)[objective],
        "columns": columns,
        "chosen_by": ", ".join(labels[name] for name in swept),
        "best": [_row(row, swept, columns, objective) for row in found["best"]],
        "heat": _heat(found, labels),
        "folds": [_fold(fold, swept, objective) for fold in found["walk_forward"]],
    }


def score_text(value: float | None, objective: str) -> str:
    if value is None:
        return "–"
    return percent(value * 100) if objective in RATIOS else signed(value)


def _row(row: Mapping[str, Any], swept: list[str], columns: list[str], objective: str) -> dict[str, Any]:
    values = [(label, _value(name, row["values"][name])) for label, name in zip(columns, swept, strict=True)]
    return {**row, "values": values, "score": score_text(row["score"], objective)}


def _fold(fold: Mapping[str, Any], swept: list[str], objective: str) -> dict[str, Any]:
    days = {name: moment(fold[name]) for name in ("fit_start", "fit_end", "judge_start", "judge_end")}
    chosen = ", ".join(_value(name, fold["config"][name]) for name in swept)
    return {**fold, **days, "chosen": chosen, "fit_score": score_text(fold["fit_score"], objective)}


def _heat(found: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """Cells from 0 (lowest) to 1 (highest); rows from the highest y down, as on a map."""
    heat, objective = found["heatmap"], found["objective"]
    values = [value for row in heat["cells"] for value in row if value is not None]
    low, high = min(values), max(values)
    rows = list(zip(heat["ys"], heat["cells"], strict=True))[::-1]
    wide, tall = WIDE / len(heat["xs"]), HIGH / len(rows)
    cells = [
        {
            "x": round(column * wide, 2),
            "y": round(line * tall, 2),
            "strength": round(0.08 + 0.92 * ((value - low) / ((high - low) or 1)), 3),
            "best": value == high,
        }
        for line, (_, row) in enumerate(rows)
        for column, value in enumerate(row)
        if value is not None
    ]
    return {
        "cells": cells,
        "wide": round(wide, 2),
        "tall": round(tall, 2),
        "x": _axis(found, heat["x"], labels),
        "y": _axis(found, heat["y"], labels) if heat["y"] else "",
        "xs": [_value(heat["x"], x) for x in heat["xs"]],
        "rows": [(_value(heat["y"], y), [score_text(value, objective) for value in row]) for y, row in rows],
        "ends": [score_text(low, objective), score_text(high, objective)],
    }


def _axis(found: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> str:
    return labels[name] + (", % of the first price" if found["units"][name] == "percent" else "")


def _value(name: str, value: Any) -> str:
    """Numbers as they are: their unit stands beside them."""
    return plain(value) or ("" if value is None else worded(name, value))
