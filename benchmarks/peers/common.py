"""What the drivers share. They run in environments of their own, which know nothing of this project: numpy only."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Job:
    """A grid whose order of slot i buys `quantity` at levels[i] and sells it at levels[i + 1]. It begins at the close
    of candle 0: `purchase` is bought at the market for the slots that hold, then every slot has one order. An order
    placed in a candle can fill from the next one on; `fee` is a fraction of each fill, in quote."""

    levels: list[float]
    holds: list[bool]
    quantity: float
    purchase: float
    cash: float
    fee: float
    lot: float
    time: Any  # ms, the candles' columns
    open: Any
    high: Any
    low: Any
    close: Any

    def price(self, slot: int, holds: bool) -> float:
        return self.levels[slot + holds]


def load(folder: Path) -> Job:
    with np.load(folder / "candles.npz") as columns:
        return Job(**json.loads((folder / "job.json").read_text()), **dict(columns))


def drive(run: Callable[[Job], Callable[[], tuple[list[Any], float]]]) -> None:
    """`run` makes ready what is not measured and answers what is: fills as (candle, side, price, quantity) and the
    equity at the last close. Compilers get one run before the one that counts."""
    job = load(Path(sys.argv[1]))
    work = run(job)
    times = []
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        began = time.process_time()
        fills, equity = work()
        times.append(time.process_time() - began)
    told = {"cpu": min(times), "cpu_all": time.process_time(), "fills": fills, "equity": equity}
    sys.stdout.write(json.dumps(told, default=float) + "\n")
