"""The proof at length: schedules on a virtual clock, or worker processes that are killed. Ends with 1 where an
invariant does not hold, and prints the smallest schedule that shows it."""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks.report import show

if TYPE_CHECKING:
    from tests.schedules.play import Verdict

TOLD_EVERY = 100


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench crash")
    parser.add_argument("--schedules", type=int, default=100, help="how many random schedules")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--steps", type=int, default=30, help="of the longest")
    parser.add_argument("--processes", choices=("few", "all"), help="kill real worker processes instead")
    parser.add_argument(
        "--soak", type=float, metavar="MINUTES", help="one schedule that lasts so long instead"
    )
    chosen = parser.parse_args(arguments)
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of what a seed must decide
        command = [sys.executable, "-m", "benchmarks", "crash", *arguments]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})
    if chosen.processes:
        sys.exit(processes(chosen.processes))
    _open_database()
    if chosen.soak:
        sys.exit(soak(chosen.seed, chosen.soak))
    if schedules(chosen.seed, chosen.schedules, chosen.steps):
        sys.exit(1)


def processes(which: str) -> int:
    """The process cases of the suite, or every point with every fault."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "tests/crash"]
    return subprocess.run(command, env={**os.environ, "CRASH_CASES": which}, check=False).returncode


def soak(seed: int, minutes: float) -> int:
    """One world that takes random steps until the time is up; then the books must be equal. Its clock runs as fast as
    this machine can follow."""
    from tests.schedules.play import play
    from tests.schedules.steps import drawn, endless

    began = time.perf_counter()  # the only clock that schedules leave alone
    schedule = drawn(seed)
    steps = endless(seed, len(schedule.plans), lambda: time.perf_counter() - began < minutes * 60)
    verdict = play(replace(schedule, steps=steps))
    print("\n".join(verdict.violations))
    figures: dict[str, Any] = {"seed": seed, "minutes": minutes, "market hours": verdict.seconds / 3600}
    figures |= {"orders": verdict.orders, "fills": verdict.fills, "deaths": verdict.deaths.total()}
    show("crash soak", {**figures, "faults": verdict.struck.total(), "violations": len(verdict.violations)})
    return int(bool(verdict.violations))


def _open_database() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.test")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def schedules(first: int, count: int, steps: int) -> int:
    """Plays them one after the other; answers whether any failed."""
    from tests.schedules.play import play
    from tests.schedules.steps import drawn

    began, failed = time.perf_counter(), []
    sums: dict[str, Counter[str]] = {"gates": Counter(), "deaths": Counter(), "faults": Counter()}
    totals: Counter[str] = Counter()
    for number, seed in enumerate(range(first, first + count), 1):
        verdict = play(drawn(seed, steps))
        sums["gates"] += verdict.gates
        sums["deaths"] += verdict.deaths
        sums["faults"] += verdict.struck
        totals += Counter(orders=verdict.orders, fills=verdict.fills, steps=len(verdict.schedule.steps))
        if verdict.violations:
            failed.append(seed)
            _tell(verdict)
        if number % TOLD_EVERY == 0:
            print(f"{number} schedules, {len(failed)} with violations", flush=True)
    figures: dict[str, Any] = {"schedules": count, "first seed": first}
    figures["seconds"] = time.perf_counter() - began
    show("crash schedules", figures | _summed(totals, sums, failed))
    return int(bool(failed))


def _tell(verdict: "Verdict") -> None:
    from tests.schedules.play import shrunk

    smaller = shrunk(verdict)
    print(f"VIOLATION {sorted(verdict.names)}, at its smallest:\n{smaller.schedule}")
    print("\n".join([*(f"  {line}" for line in smaller.violations), *smaller.log[-30:]]), flush=True)


def _summed(totals: "Counter[str]", sums: "dict[str, Counter[str]]", failed: list[int]) -> dict[str, Any]:
    figures: dict[str, Any] = dict(totals)
    for what, counted in sums.items():
        figures |= {f"{what}: {name}": number for name, number in counted.most_common()}
    return {**figures, "with violations": len(failed), "their seeds": str(failed)}
