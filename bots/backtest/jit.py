"""How the kernels are compiled: once per machine and version, kept on disk, without the GIL.

Only who backtests imports this, and late: numba takes a second and 60 MB."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba
from django.conf import settings
from llvmlite.binding import get_host_cpu_name
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

NUMBERS = types.CPointer(types.int64)


@intrinsic
def _numbers_at(_typing: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(NUMBERS))

    return NUMBERS(address), generate


@intrinsic
def _moved(_typing: Any, numbers: Any, _offset: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return cgutils.gep_inbounds(builder, arguments[0], arguments[1])

    return NUMBERS(numbers, types.intp), generate


F = TypeVar("F", bound=Callable[..., Any])


def _home() -> Path | None:
    """Where compiled code is kept: one folder for each state of the sources, since numba looks only at the file of
    the function itself, not at those it calls. None where nothing can be written: then it compiles at every start."""
    home = Path(settings.HOME, "numba", _state())
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return home if os.access(home, os.W_OK | os.X_OK) else None


def _state() -> str:
    """Numba takes what it kept for the same file, not touched since, on the same processor; so does `COMPILED`."""
    state = hashlib.sha256(f"{numba.__version__} {get_host_cpu_name()}".encode())
    for path in sorted(Path(__file__).parent.glob("kernel*.py")):
        state.update(f"{path} {path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return state.hexdigest()[:16]


HOME = _home()
COMPILED = "compiled"  # a file of HOME: everything is on disk
if HOME is not None:
    numba.config.CACHE_DIR = str(HOME)  # type: ignore[attr-defined]


OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # half the time of compiling


def jit(function: F) -> F:
    """For what only kernels call: it becomes part of them, so that nothing of its own is kept."""
    compiled: F = numba.njit(**OPTIONS, **INNER)(function)
    return compiled


def kernel(function: F) -> F:
    """For what Python calls."""
    compiled: F = numba.njit(**OPTIONS, cache=HOME is not None)(function)
    return compiled


@jit
def pointer(array: Any) -> Any:
    """The int64 numbers of an array, without its shape and its count of references: functions that are handed whole
    arrays spend most of their time on that. Who calls the kernel keeps the array."""
    return _numbers_at(array.ctypes.data)  # type: ignore[call-arg]


@jit
def at(numbers: Any, offset: int) -> Any:
    """The same numbers from `offset` on."""
    return _moved(numbers, offset)  # type: ignore[call-arg]


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two processes that start together do not compile the same twice: the second finds it on disk."""
    if HOME is None:
        yield
        return
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
