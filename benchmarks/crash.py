"""The proof at length: schedules on a virtual clock, or worker processes that are killed. Ends with 1 where an
invariant does not hold, and prints the smallest schedule that shows it."""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import show

if TYPE_CHECKING:
    from tests.schedules.play import Verdict

TOLD_EVERY = 100
MINUTE = 60.0
CASES = "tests/crash/test_processes.py"
EXCHANGES = ("binance", "bybit", "mexc", "okx")


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./autogrid bench crash")
    parser.add_argument("--schedules", type=int, default=100, help="how many random schedules")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--steps", type=int, default=30, help="of the longest")
    parser.add_argument(
        "--exchange", choices=EXCHANGES, default=EXCHANGES[0], help="whose wire they trade on"
    )
    parser.add_argument("--processes", choices=("few", "all"), help="kill real worker processes instead")
    parser.add_argument(
        "--soak", type=float, metavar="MINUTES", help="one schedule that lasts so long instead"
    )
    parser.add_argument("--jobs", type=int, default=2, help="process cases at a time")
    parser.add_argument("--log", type=Path, help="a line per case; what passed according to it is left out")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    chosen = parsed(arguments)
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of what a seed must decide
        command = [sys.executable, "-m", "benchmarks", "crash", *arguments]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})
    if chosen.processes:
        sys.exit(processes(chosen.processes, chosen.jobs, chosen.log))
    _open_database()
    if chosen.soak:
        sys.exit(soak(chosen.seed, chosen.soak, chosen.exchange))
    if schedules(chosen.seed, chosen.schedules, chosen.steps, chosen.exchange, chosen.log):
        sys.exit(1)


def processes(which: str, jobs: int, log: Path | None) -> int:
    """The process cases of the suite, or every point with every fault; what failed leaves its files beside the log."""
    command = [sys.executable, "-m", "pytest", "-v", "-n", str(jobs), "--dist", "loadscope", CASES]
    for done in _lines(log):
        if " PASSED " in done:
            command += ["--deselect", done.split(" PASSED ")[1].strip()]
    if log is not None:
        kept = log.with_suffix("." + time.strftime("%H%M%S"))
        command += ["-o", "tmp_path_retention_policy=failed", f"--basetemp={kept.absolute()}"]
    env = {**os.environ, "CRASH_CASES": which}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            _tell(line.rstrip(), log)
    return running.returncode


def _lines(log: Path | None) -> list[str]:
    return log.read_text().splitlines() if log is not None and log.exists() else []


def _tell(line: str, log: Path | None) -> None:
    print(line, flush=True)
    if log is not None:
        with log.open("a") as file:
            print(line, file=file)


def soak(seed: int, minutes: float, exchange: str) -> int:
    """One world that takes random steps until the time is up; then the books must be equal. Its clock runs as fast as
    this machine can follow."""
    from tests.schedules.play import play
    from tests.schedules.steps import drawn, endless

    schedule = drawn(seed, exchange=exchange)
    steps = endless(seed, len(schedule.plans), _until(minutes))
    verdict = play(replace(schedule, steps=steps))
    print("\n".join(verdict.violations))
    figures: dict[str, Any] = {"seed": seed, "minutes": minutes, "market hours": verdict.seconds / 3600}
    figures |= {"orders": verdict.orders, "fills": verdict.fills, "deaths": verdict.deaths.total()}
    show("crash soak", {**figures, "faults": verdict.struck.total(), "violations": len(verdict.violations)})
    return int(bool(verdict.violations))


def _until(minutes: float) -> Callable[[], bool]:
    """Whether the time is not yet up; says once a minute how far it is."""
    from bots.models import Fill, Order

    began = told = time.perf_counter()  # the only clock that schedules leave alone
    steps = 0

    def goes_on() -> bool:
        nonlocal told, steps
        now, steps = time.perf_counter(), steps + 1
        if now - told >= MINUTE:
            told = now
            passed, orders, fills = (now - began) / MINUTE, Order.objects.count(), Fill.objects.count()
            print(f"{passed:.0f} minutes, {steps} steps, {orders} orders, {fills} fills", flush=True)
        return now - began < minutes * MINUTE

    return goes_on


def _open_database() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.test")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def schedules(first: int, count: int, steps: int, exchange: str, log: Path | None = None) -> int:
    """Plays them one after the other; answers whether any failed."""
    from tests.schedules.play import play
    from tests.schedules.steps import drawn

    began, failed = time.perf_counter(), []
    sums: dict[str, Counter[str]] = {"gates": Counter(), "deaths": Counter(), "faults": Counter()}
    totals: Counter[str] = Counter()
    done = {line.partition(":")[0] for line in _lines(log) if line.endswith(": kept")}
    for number, seed in enumerate(range(first, first + count), 1):
        if f"seed {seed}" in done:
            continue
        verdict = play(drawn(seed, steps, exchange))
        sums["gates"] += verdict.gates
        sums["deaths"] += verdict.deaths
        sums["faults"] += verdict.struck
        totals += Counter(orders=verdict.orders, fills=verdict.fills, steps=len(verdict.schedule.steps))
        if verdict.violations:
            failed.append(seed)
            _tell(_smallest(verdict), log)
        _note(verdict, log)
        if number % TOLD_EVERY == 0:
            print(f"{number} schedules, {len(failed)} with violations", flush=True)
    figures: dict[str, Any] = {"schedules": count, "first seed": first, "exchange": exchange}
    figures["seconds"] = time.perf_counter() - began
    show("crash schedules", figures | _summed(totals, sums, failed))
    return int(bool(failed))


def _note(verdict: "Verdict", log: Path | None) -> None:
    if log is None:
        return
    struck, died = verdict.struck.total(), verdict.deaths.total()
    figures = f"{verdict.orders} orders, {verdict.fills} fills, {died} deaths, {struck} faults"
    with log.open("a") as file:
        outcome = f"broken {sorted(verdict.names)}" if verdict.violations else "kept"
        print(f"seed {verdict.schedule.seed}: {figures}: {outcome}", file=file)


def _smallest(verdict: "Verdict") -> str:
    from tests.schedules.play import shrunk

    smaller = shrunk(verdict)
    told = [f"VIOLATION {sorted(verdict.names)}, at its smallest:", str(smaller.schedule)]
    return "\n".join([*told, *(f"  {line}" for line in smaller.violations), *smaller.log[-30:]])


def _summed(totals: "Counter[str]", sums: "dict[str, Counter[str]]", failed: list[int]) -> dict[str, Any]:
    figures: dict[str, Any] = dict(totals)
    for what, counted in sums.items():
        figures |= {f"{what}: {name}": number for name, number in counted.most_common()}
    return {**figures, "with violations": len(failed), "their seeds": str(failed)}
