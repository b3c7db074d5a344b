"""Compiles the kernels in a process of its own: the compiler leaves 180 MB behind where it ran, and holds the GIL.
`python -m bots.backtest.compiling` is that process."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings

PARENT = "AUTOGRID_COMPILES_FOR"  # the id of the process that waits
PR_SET_PDEATHSIG = 1


def compile_apart(home: Path) -> None:
    """Returns when it has ended, well or not: who then finds no compiled code compiles it himself."""
    own = {"AUTOGRID_HOME": str(home), PARENT: str(os.getpid())}
    subprocess.run(
        [sys.executable, "-m", "bots.backtest.compiling"],
        cwd=settings.BASE_DIR,
        env=os.environ | own,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def main() -> None:
    _die_with(int(os.environ[PARENT]))
    import django

    django.setup()
    from bots.backtest.compiled import walk_once
    from bots.backtest.jit import COMPILED, HOME

    walk_once()
    if HOME is not None:
        (HOME / COMPILED).touch()
        _forget_others(HOME)


def _forget_others(home: Path) -> None:
    """What earlier versions compiled. One that still runs has it in memory."""
    for other in home.parent.iterdir():
        if other != home:
            shutil.rmtree(other, ignore_errors=True)


def _die_with(parent: int) -> None:
    """The kernel ends us with the thread that started us."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main()
