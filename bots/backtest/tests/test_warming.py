from bots.backtest import warming
from bots.backtest.fast import fast_run
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.run import Case, Run
from bots.backtest.tests.chance import walk
from bots.backtest.tests.market import BTC, GRID, MINUTE, columns


def test_kernels_are_warmed_in_the_background_and_the_exact_replay_answers_until_then() -> None:
    case, model = Case(GRID, BTC, columns(*walk(1, 20, 2.0)), MINUTE), MODELS[FillModelName.OHLC]
    warming._under_way.set()
    assert fast_run(case, model) == "the kernel is being compiled"
    warming.warm_in_background().join()
    assert isinstance(fast_run(case, model), Run)


def test_a_process_of_its_own_compiles_what_nobody_has_compiled() -> None:
    from bots.backtest import compiled, jit

    assert jit.HOME is not None
    mark, old = jit.HOME / jit.COMPILED, jit.HOME.parent / "of-an-earlier-version"
    mark.unlink(missing_ok=True)
    old.mkdir(exist_ok=True)
    compiled.warm()
    assert mark.exists()
    assert not old.exists()
