"""Many grid bots in one worker process: memory, CPU, time from a trade to its counter order at the exchange, and how
fast a second worker takes over."""

import argparse
import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks.report import cpu_seconds, percentile, show
from benchmarks.rig import Rig, rig

SLOT = slice(0, 17)  # of a client order id: the bot and its slot
STAGES = 4  # steps in which the bots are added, to see what idle ones cost
HELD = "SELECT count(*) FROM bots WHERE lease_owner_id = (SELECT id FROM workers WHERE name LIKE %s)"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench engine")
    parser.add_argument("--bots", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60, help="of fills, and of each CPU figure a fourth")
    parser.add_argument("--fills", type=float, default=1.0, help="a minute and bot")
    parser.add_argument("--trace", type=Path, help="where to write what the time of a fill goes into")
    chosen = parser.parse_args(arguments)
    with rig(chosen.bots) as made:
        show("engine", measure(made, chosen))


def measure(made: Rig, chosen: argparse.Namespace) -> dict[str, Any]:
    bots, seconds = chosen.bots, chosen.seconds
    worker = made.worker("bots", *(("-I", "benchmarks.trace") if chosen.trace else ()))
    _until(lambda: made.ask("SELECT count(*) FROM workers"), 60)
    figures: dict[str, Any] = {"bots": bots, "load average at the start": os.getloadavg()[0]}
    empty = worker.memory_info().rss
    made.tell_exchange("still")
    for stage in range(STAGES):
        first, last = bots * stage // STAGES, bots * (stage + 1) // STAGES
        began = time.monotonic()
        made.python("benchmarks.engine_load", str(first), str(last - first))
        placed = _settle(made, last)
        figures[f"seconds until the orders of {last} bots stood"] = time.monotonic() - began
        figures[f"% CPU, {last} idle bots"] = _share(worker, seconds / 4)
    figures["open orders"] = placed
    made.tell_exchange("quiet")
    figures[f"% CPU, {bots} idle bots, no ticks"] = _share(worker, seconds / 4)
    figures |= _fills(made, worker, chosen)
    figures["MB in all (worker)"] = worker.memory_info().rss / 2**20
    figures["MB per bot"] = (worker.memory_info().rss - empty) / 2**20 / bots
    if chosen.trace:
        time.sleep(6)
        chosen.trace.write_text((made.home.path / "trace.json").read_text())
    figures |= _takeover(made, bots)
    return figures


def _fills(made: Rig, worker: psutil.Process, chosen: argparse.Namespace) -> dict[str, Any]:
    """What the time and the work of a fill are, while the market moves."""
    (made.home.path / "trace.reset").touch()
    made.tell_exchange(f"move {chosen.fills}")
    time.sleep(10)
    start, clock = made.control("market")["time"], time.monotonic()
    used, commits = cpu_seconds(worker), made.ask(COMMITS)
    others = {
        name: cpu_seconds(psutil.Process(made.processes[name].pid)) for name in ("exchange", "collector")
    }
    time.sleep(chosen.seconds)
    elapsed = time.monotonic() - clock
    used, commits = cpu_seconds(worker) - used, made.ask(COMMITS) - commits
    shares = {
        f"% CPU ({name})": (cpu_seconds(psutil.Process(made.processes[name].pid)) - before) / elapsed * 100
        for name, before in others.items()
    }
    end = made.control("market")["time"]
    made.tell_exchange("still")
    time.sleep(5)
    delays = _delays(made, start, end)
    return {
        "% CPU with fills": used / elapsed * 100,
        **shares,
        "fills with a counter order": len(delays),
        "fills a second": len(delays) / elapsed,
        "transactions per fill": commits / max(1, len(delays)),
        "ms from trade to counter order, median": percentile(delays, 0.5),
        "ms, p90": percentile(delays, 0.9),
        "ms, p99": percentile(delays, 0.99),
        "ms, worst": max(delays),
        "load average then": os.getloadavg()[0],
    }


COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


def _takeover(made: Rig, bots: int) -> dict[str, Any]:
    """SIGKILL with a second worker at hand, then SIGTERM with a third."""
    figures: dict[str, Any] = {}
    for old, new, number in (("bots", "second", signal.SIGKILL), ("second", "third", signal.SIGTERM)):
        heir = made.worker(new).pid
        _until(lambda: made.ask("SELECT count(*) = 2 FROM workers"), 60)
        time.sleep(2)
        began = time.monotonic()
        made.processes[old].send_signal(number)
        name = signal.Signals(number).name
        _until(partial(_holds, made, heir, bots), 120)
        figures[f"seconds until another worker held all bots after {name}"] = time.monotonic() - began
        _until(partial(_work, made, new, bots), 120)
        figures[f"seconds until all bots had recovered after {name}"] = time.monotonic() - began
        made.end(old, number)
        figures[f"seconds until the worker had ended after {name}"] = time.monotonic() - began
    return figures


def _holds(made: Rig, worker: int, bots: int) -> bool:
    return bool(made.ask(HELD, f"%:{worker}") >= bots)


def _work(made: Rig, worker: str, bots: int) -> bool:
    """Whether so many bots have compared themselves with the exchange, as the worker's log says."""
    lines = (made.home.logs / f"{worker}.log").read_text().splitlines()
    return sum(json.loads(line)["bots"] for line in lines if '"bots_at_work"' in line) >= bots


def _until(holds: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(0.1)


def _share(process: psutil.Process, seconds: float) -> float:
    used, clock = cpu_seconds(process), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(process) - used) / (time.monotonic() - clock) * 100


def _settle(made: Rig, bots: int) -> int:
    """Waits until every bot has its orders and their number changes no more."""
    last, since = -1, time.monotonic()
    while True:
        count: int = made.ask("SELECT count(*) FROM orders WHERE status = 'open'")
        if count != last:
            last, since = count, time.monotonic()
        elif count >= bots * 5 and time.monotonic() - since > 3:
            return count
        elif time.monotonic() - since > 60:
            raise TimeoutError(f"only {count} orders of {bots} bots stand")
        time.sleep(0.5)


def _delays(made: Rig, start: int, end: int) -> list[float]:
    """ms from the trade that filled an order to the arrival of the next order of its slot, by the exchange's own
    clock and book."""
    by_slot = defaultdict(list)
    for order in made.control("orders?exchange=binance"):
        if order["clientOrderId"].startswith("ag"):
            by_slot[order["clientOrderId"][SLOT]].append(order)
    delays = []
    for orders in by_slot.values():
        orders.sort(key=lambda order: order["orderId"])
        for done, following in pairwise(orders):
            if (
                done["status"] == "FILLED"
                and start <= done["updateTime"] < end
                and following["side"] != done["side"]
            ):
                delays.append(float(following["time"] - done["updateTime"]))
    return delays
