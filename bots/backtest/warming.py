"""Has the kernels ready before anybody asks for them: in the background, since compiling them takes a while after an
update. Until then the exact replay answers."""

import os
import threading
from contextlib import suppress

_under_way = threading.Event()


def under_way() -> bool:
    return _under_way.is_set()


def warm_in_background() -> threading.Thread:
    """Returns at once."""
    _under_way.set()
    thread = threading.Thread(target=_warm, name="warm-kernels", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    with suppress(OSError):  # requests come first
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    try:
        from bots.backtest.compiled import warm

        warm()
    finally:
        _under_way.clear()
