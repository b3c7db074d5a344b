"""Figures as a table for people and as JSON for programs."""

import json
import os
import platform
from typing import Any

import psutil


def show(name: str, figures: dict[str, Any]) -> None:
    load = os.getloadavg()[1]
    print(f"\n{name} on {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}")
    width = max(map(len, figures))
    for label, value in figures.items():
        print(f"  {label:<{width}}  {_number(value)}")
    print(json.dumps({"benchmark": name, "load": load, **figures}))


def _number(value: Any) -> str:
    return (
        f"{value:,.1f}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def cpu_seconds(process: psutil.Process) -> float:
    """Of a process and its children, those that have ended included."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(map(sum, (each[:4] for each in times))))  # user, system, and both of ended children
