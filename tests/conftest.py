"""The stack that these tests share, and the promise that they meet on one: all of them run in one process of xdist."""

import pytest
from playwright.sync_api import expect

pytest.register_assert_rewrite("tests.books", "tests.stack", "tests.trader")

from tests.stack import stack  # noqa: E402 - after the registration

__all__ = ["stack"]

STACKS = ("tests/", "autogrid_project/")
# Long, and each test of them has a world of its own: any process may take the next.
ALONE = ("tests/schedules/", "tests/crash/", "bots/backtest/tests/test_kernel_is_exact.py")
expect.set_options(timeout=60_000)  # ms: how fast a page is, no test here judges


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole stacks first, then what is long, though pytest-django wants what has no database last: a parallel run
    should not end with one process at work."""
    items.sort(
        key=lambda item: (not item.nodeid.startswith((*STACKS, *ALONE)), item.nodeid.startswith(ALONE))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """--dist loadscope, with everything under tests/ as one scope: two stacks would fight for the processors."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class OneStack(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(ALONE):
                return nodeid
            return "tests" if nodeid.startswith("tests/") else str(super()._split_scope(nodeid))

    return OneStack(config, log)
