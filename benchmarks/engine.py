"""Many grid bots in one worker process: memory, CPU, and time from a trade to its counter order at the exchange."""

import argparse
import time
from collections import defaultdict
from itertools import pairwise
from typing import Any

from benchmarks.report import percentile, show
from benchmarks.stack import Stack, demo

SLOT = slice(0, 17)  # of a client order id: the bot and its slot


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench engine")
    parser.add_argument("--bots", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--speed", type=float, default=1.0)
    chosen = parser.parse_args(arguments)
    with demo(chosen.speed) as stack:
        show("engine", measure(stack, chosen.bots, chosen.seconds))


def measure(stack: Stack, bots: int, seconds: int) -> dict[str, Any]:
    worker = stack.process("bots")
    before = worker.memory_info().rss
    began = time.monotonic()
    stack.python("benchmarks.engine_load", str(bots))
    placed = _settle(stack, bots)
    ready = time.monotonic() - began
    start, cpu, clock = stack.control("market")["time"], _cpu(worker), time.monotonic()
    others = {name: stack.process(name) for name in ("postgres", "simulator", "collector")}
    used = {name: _cpu(process) for name, process in others.items()}
    time.sleep(seconds)
    elapsed = time.monotonic() - clock
    delays = _delays(stack, start)
    return {
        "bots": bots,
        "open orders": placed,
        "seconds until all orders stood": ready,
        "MB in all (worker)": worker.memory_info().rss / 2**20,
        "MB per bot": (worker.memory_info().rss - before) / 2**20 / bots,
        "% CPU (worker)": (_cpu(worker) - cpu) / elapsed * 100,
        **{
            f"% CPU ({name})": (_cpu(process) - used[name]) / elapsed * 100
            for name, process in others.items()
        },
        "fills with a counter order": len(delays),
        "fills a second": len(delays) / elapsed,
        "ms from trade to counter order, median": percentile(delays, 0.5),
        "ms, p90": percentile(delays, 0.9),
        "ms, p99": percentile(delays, 0.99),
        "ms, worst": max(delays),
    }


def _cpu(process: Any) -> float:
    """CPU seconds of a process and its children."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _settle(stack: Stack, bots: int) -> int:
    """Waits until the number of open orders is near that of the slots and grows no more."""
    last, since = -1, time.monotonic()
    while True:
        count = len(stack.control("orders?exchange=binance&open=true"))
        if abs(count - last) > bots / 20:
            last, since = count, time.monotonic()
        elif time.monotonic() - since > 5:
            return count
        time.sleep(0.5)


def _delays(stack: Stack, start: int) -> list[float]:
    """ms from the trade that filled an order to the arrival of the next order of its slot, by the exchange's own
    clock and book."""
    by_slot = defaultdict(list)
    for order in stack.control("orders?exchange=binance"):
        if order["clientOrderId"].startswith("ag"):
            by_slot[order["clientOrderId"][SLOT]].append(order)
    delays = []
    for orders in by_slot.values():
        orders.sort(key=lambda order: order["orderId"])
        for done, following in pairwise(orders):
            if (
                done["status"] == "FILLED"
                and done["updateTime"] >= start
                and following["side"] != done["side"]
            ):
                delays.append(float(following["time"] - done["updateTime"]))
    return delays
