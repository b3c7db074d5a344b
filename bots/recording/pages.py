"""The whole state of an engine as bytes, all that is not its ports, and an engine with other ports made of it."""

import hashlib
import io
import pickle
from collections import Counter, deque
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import bots.core
from bots.core.engine import BotEngine

CORE = "bots.core."
ELSEWHERE: dict[tuple[str, str], type] = {
    ("decimal", "Decimal"): Decimal,
    ("collections", "deque"): deque,
    ("collections", "Counter"): Counter,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
}
PORTS = ("exchange", "store")


class Unreadable(Exception):
    """The bytes hold something that is no state of the core, or of one that has changed since."""


@cache
def core_version() -> str:
    """Changes with every line of the trading core."""
    folder = Path(bots.core.__path__[0])
    files = [path for path in sorted(folder.rglob("*.py")) if "tests" not in path.parts]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


class _Freezer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, ports: Mapping[int, str]) -> None:
        super().__init__(file, protocol=5)
        self._ports = ports

    def persistent_id(self, obj: Any) -> str | None:
        return self._ports.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        """Enums by their value: Python 3.11.2, Debian 12's, writes them as a call of `getattr`, which is no part of
        the core."""
        return (type(obj), (obj.value,)) if isinstance(obj, Enum) else NotImplemented


class _Thawer(pickle.Unpickler):
    """Makes values of the core and nothing else, whatever the bytes ask for."""

    def __init__(self, file: io.BytesIO, ports: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._ports = ports

    def persistent_load(self, pid: Any) -> Any:
        return self._ports[pid]

    def find_class(self, module_name: str, global_name: str) -> Any:
        known = ELSEWHERE.get((module_name, global_name))
        if known is not None:
            return known
        if module_name.startswith(CORE) and "." not in global_name:
            found = super().find_class(module_name, global_name)
            if isinstance(found, type) and found.__module__ == module_name:
                return found
        raise Unreadable(f"{module_name}.{global_name} is no part of the trading core")


def freeze(engine: BotEngine) -> bytes:
    """Raises pickle.PicklingError, TypeError or AttributeError for what cannot be kept."""
    file = io.BytesIO()
    ports = {id(getattr(engine, name)): name for name in PORTS}
    state = {name: value for name, value in vars(engine).items() if name in _own_names(engine)}
    _Freezer(file, ports).dump(state)
    return file.getvalue()


def _own_names(engine: BotEngine) -> set[str]:
    """Not what a subclass has added."""
    return set(vars(engine)) - set(getattr(engine, "NOT_KEPT", ()))


def thaw(state: bytes, *, exchange: Any, store: Any) -> BotEngine:
    """Raises Unreadable."""
    engine = BotEngine.__new__(BotEngine)
    try:
        kept = _Thawer(io.BytesIO(state), {"exchange": exchange, "store": store}).load()
    except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, KeyError, TypeError) as error:
        raise Unreadable(str(error)) from error
    vars(engine).update(kept)
    return engine
