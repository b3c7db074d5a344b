"""Breaks the core on purpose, one line at a time: each break must be noticed by the test that is named for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[1]
SETTINGS = """
from hypothesis import HealthCheck, settings
settings.register_profile("mutants", derandomize=True, deadline=None, max_examples=40,
    database=None, suppress_health_check=list(HealthCheck))
settings.load_profile("mutants")
"""

MUTANTS = {
    "the ledger keeps an average instead of a total": (
        "ledger.py",
        "    if sold >= position.base:\n        return position.cost\n"
        "    return round8(position.cost * sold / position.base)",
        "    return round8(round8(position.cost / (position.base or 1)) * sold)",
        "test_ledger.py::test_selling_all_leaves_no_cost_and_realizes_all",
    ),
    "fills are booked by their ids alone": (
        "ledger.py",
        "return (self.fill.time, len",
        "return (0, len",
        "test_ledger.py::test_fills_are_booked_by_time_and_trade_ids_are_compared_as_numbers",
    ),
    "a duplicate is booked again": (
        "ledger.py",
        "for booking in sorted(unique.values()",
        "for booking in sorted(bookings",
        "test_ledger.py::test_any_order_and_any_duplication_of_fills_give_one_ledger",
    ),
    "an order serves at any price": (
        "plan.py",
        "order.type, order.price)",
        "order.type, wanted.price)",
        "test_slots_and_plan.py::test_an_order_that_is_not_the_wanted_one_is_cancelled_first",
    ),
    "a buy forgets its fee": (
        "strategies/grid_funding.py",
        "return 1 - fee if market.fee_in_base_on_buy else Decimal(1)",
        "return Decimal(1)",
        "test_grid_arithmetic.py::test_a_buy_leaves_what_is_needed_after_its_fee_and_less_than_a_lot_more",
    ),
    "a grid takes one lot too many": (
        "strategies/grid_funding.py",
        "quantity = low * market.lot",
        "quantity = high * market.lot",
        "test_grid_arithmetic.py::test_the_funding_is_the_largest_that_the_money_pays_for",
    ),
    "dust is never used": (
        "strategies/grid.py",
        "used = max(ZERO, ",
        "used = min(ZERO, ",
        "test_grid_bot.py::test_dust_never_piles_up_over_hundreds_of_cycles",
    ),
    "a start counts as a runaway": (
        "risk.py",
        "(self._pace(now) if explained else self._runaway(now))",
        "self._runaway(now)",
        "test_risk.py::test_placements_of_a_start_are_paced_and_are_no_runaway",
    ),
    "a runaway is never seen": (
        "risk.py",
        "        self._unexplained.append(now)",
        "        pass",
        "test_risk.py::test_orders_beyond_what_fills_explain_trip_the_breaker",
    ),
    "a stale price is traded on": (
        "risk.py",
        "or self.stale(order, price, now)",
        "",
        "test_breaker.py::test_the_initial_purchase_waits_for_a_fresh_price",
    ),
    "what a slot holds is bought again where it has moved to": (
        "strategies/grid_moves.py",
        "carried[str(slot.slot)] = [slot.cycle",
        "carried[str(slot.slot)] = [-1",
        "test_grid_trailing.py::test_the_loss_of_a_cycle_of_its_own_makes_a_slot_smaller_too",
    ),
    "a loss of its cycles does not make a slot smaller": (
        "strategies/grid_sizes.py",
        "return min(earned, ZERO)",
        "return ZERO",
        "test_grid_trailing.py::test_the_loss_of_a_cycle_of_its_own_makes_a_slot_smaller_too",
    ),
    "a halt lets orders through": (
        "risk.py",
        "self._halted()\n            or",
        "",
        "test_breaker.py::test_under_a_halt_fills_are_booked_and_nothing_is_opened_or_cancelled",
    ),
    "what never left counts as sent": (
        "placement.py",
        "risk.note_unsent(now, order.explained, used[order.slot])",
        "pass",
        "test_breaker.py::test_orders_given_up_unsent_count_once_however_often_they_are_planned",
    ),
    "what a strategy remembers is lost in a restart": (
        "engine.py",
        "await self.store.remember(memory)",
        "pass",
        "test_dca_bot.py::test_a_trailing_take_profit_follows_the_price_up_and_sells_on_the_way_down",
    ),
    "an interval forgets its anchor's ordinal": (
        "strategies/dca.py",
        "ordinal, due = first + passed",
        "ordinal, due = first + passed + self.slot(0).cycle % 2",
        "test_dca_bot.py::test_every_interval_buys_once_over_any_restarts",
    ),
    "the rest of a slice is sent to an exchange in trouble": (
        "execution.py",
        "            if self.paused(order):\n",
        "            if False:\n",
        "test_sending.py::test_after_an_unknown_order_nothing_more_is_sent_until_the_exchange_may_be_well_again",
    ),
    "a slice never ends": (
        "placement.py",
        "if taken >= execution.sending.size:",
        "if False:",
        "test_sending.py::test_a_fill_is_taken_in_between_two_slices_of_a_start",
    ),
    "an order with fills outstanding is taken for ended": (
        "settlement.py",
        "if ended and order.filled >= report.filled:",
        "if ended:",
        "test_engine.py::test_a_cancelled_order_ends_only_when_its_fills_are_booked",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, tmp_path: Path) -> None:
    path, old, new, test = MUTANTS[name]
    core = tmp_path / "bots" / "core"
    shutil.copytree(CORE, core, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bots" / "__init__.py").touch()
    (tmp_path / "conftest.py").write_text(SETTINGS)
    source = (core / path).read_text()
    assert source.count(old) == 1, f"the mutant no longer fits {path}"
    (core / path).write_text(source.replace(old, new))
    options = [
        "-x",
        "-q",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:django",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(core / "tests" / test)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-2000:]
