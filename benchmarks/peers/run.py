"""`./autogrid bench backtest --peers`: one year and one grid, CPU seconds side by side, and whose fills are ours."""

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

from benchmarks.peers import job
from benchmarks.peers.environments import PACKAGES, NotInstalled, python_of
from benchmarks.report import show

HERE = Path(__file__).parent
TITLES = {"backtesting": "backtesting.py"}
REPEAT = {"vectorbt": 3, "hftbacktest": 3}  # what compiles at its first run; the others have nothing to gain
MUST_AGREE = ("backtesting", "nautilus_trader", "hftbacktest")
SWEPT = 500
PATIENCE = 1800  # seconds for one peer
CLOSE = 1e-6  # relative: they count in floats


@dataclass
class Theirs:
    """`cpu`: seconds of the run alone, candles in memory; `cpu_all`: with start and loading. `differs`: how, or ""."""

    cpu: float
    cpu_all: float
    differs: str


def main(repeat: int) -> int:
    """1 where a peer that follows the same rules has other fills."""
    django.setup()
    from django.conf import settings

    case = job.case_of(job.candles())
    mine = job.ours(case, repeat)
    quickest = min(mine.cpu.values())
    figures: dict[str, Any] = {
        "rows": len(case.candles),
        "fills": len(mine.fills),
        "equity at the end": f"{mine.equity:.6f}",
    }
    figures |= {f"CPU s, {name}": f"{seconds:.4f}" for name, seconds in mine.cpu.items()}
    swept = _cpu_of_sweep(case)
    figures["CPU s, AutoGrid, a config of a sweep"] = f"{swept:.5f}"
    wrong = []
    with TemporaryDirectory() as folder:
        job.write(case, Path(folder))
        for name in PACKAGES:
            title = TITLES.get(name, name)
            try:
                found = _run(name, Path(settings.HOME), Path(folder), mine)
            except NotInstalled as error:
                figures[title] = str(error)
                continue
            figures[f"CPU s, {title}"] = f"{found.cpu:.2f} ({found.cpu / quickest:,.0f} times ours)"
            figures[f"times a config of AutoGrid's sweep, {title}"] = f"{found.cpu / swept:,.0f}"
            figures[f"CPU s, {title}, with its start and loading"] = f"{found.cpu_all:.1f}"
            figures[f"fills and equity, {title}"] = found.differs or "identical"
            wrong += [title] if found.differs and name in MUST_AGREE else []
    show("peers", figures)
    return bool(wrong)


def _cpu_of_sweep(case: Any) -> float:
    """Seconds, all cores together, for each of SWEPT grids that are much like the one the others run."""
    from bots.backtest.path import FillModelName
    from bots.backtest.sweep import scores

    chance = random.Random(1)
    configs = [
        replace(
            case.config,
            lower_price=Decimal(chance.randrange(39_000, 41_000)),
            upper_price=Decimal(chance.randrange(69_000, 71_000)),
            grid_count=chance.randrange(18, 23),
        )
        for _ in range(SWEPT)
    ]
    asked = case.market, case.candles, case.width, FillModelName.NEXT_CANDLE
    list(scores(configs[:1], *asked))  # compiles
    began = time.process_time()
    list(scores(configs, *asked))
    return (time.process_time() - began) / SWEPT


def _run(name: str, home: Path, folder: Path, mine: job.Ours) -> Theirs:
    python = python_of(name, home)
    command = [str(python), str(HERE / f"drive_{name}.py"), str(folder), str(REPEAT.get(name, 1))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr[-2000:])
        raise NotInstalled(f"{PACKAGES[name]} does not run here")
    told = json.loads(done.stdout.splitlines()[-1])
    return Theirs(told["cpu"], told["cpu_all"], difference(mine, told["fills"], told["equity"]))


def difference(mine: job.Ours, fills: list[Any], equity: float) -> str:
    """The first fill that is not ours, or an equity that is not; "" where all agree."""
    ours, theirs = sorted(map(_key, mine.fills)), sorted(map(_key, fills))
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return f"fill {number} is {one} here and {other} there"
    if len(ours) != len(theirs):
        return f"{len(ours)} fills here and {len(theirs)} there"
    if abs(equity / mine.equity - 1) > CLOSE:
        return f"equity is {mine.equity:.6f} here and {equity:.6f} there"
    return ""


def _key(fill: Any) -> tuple[int, str, float, float]:
    candle, side, price, quantity = fill
    return int(candle), str(side), round(price, 2), round(quantity, 8)
