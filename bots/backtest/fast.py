"""The short way of a backtest: a kernel decides which slot fills at which candle, fill for fill as the exact replay
would (a test compares them). Only the replay can tell where limits may trip, where numbers go beyond 64 bits, and in
moments in which the engine might decide otherwise."""

from bots.backtest.path import FillModel
from bots.backtest.replay import replay
from bots.backtest.run import NO_LIMITS, Case, Run
from bots.backtest.warming import under_way


def run_of(case: Case, model: FillModel) -> Run:
    """By the kernel where it is sure to give the same, otherwise by the exact replay; `replayed` says why. Raises
    TookTooLong."""
    found = fast_run(case, model)
    if isinstance(found, Run):
        return found
    run = replay(case, model)
    run.replayed = found
    return run


def fast_run(case: Case, model: FillModel) -> Run | str:
    """The run, or why only the exact replay can tell."""
    if case.limits is not NO_LIMITS:
        return "limits of the risk gate can trip"
    if model.first != 1 or not len(case.candles):
        return "the walk does not begin as a bot's does"
    if not is_ready():
        return "the kernel is being compiled"
    from bots.backtest.compiled import compiled_run  # late: numba takes a second

    return compiled_run(case, model)


def is_ready() -> bool:
    """False while the kernels are being compiled: who needs an answer now has the exact replay."""
    return not under_way()
