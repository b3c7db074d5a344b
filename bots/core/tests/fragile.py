"""Ports that fail on the spot: the process dies before or after any one call to its database or exchange."""

from collections.abc import Callable
from typing import Any

from bots.core.tests.fake_exchange import Crash
from bots.core.tests.world import World


class Fuse:
    """Burns once before and once after each call; at `left` = 0 the process dies."""

    def __init__(self, left: int) -> None:
        self.left = left

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


class Fragile:
    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._fuse.burn()
            answer = await method(*args, **kwargs)
            self._fuse.burn()
            return answer

        return call


def fused(world: World, left: int) -> Fuse:
    """Makes the world's process die after that many burns."""
    fuse, engine = Fuse(left), world.engine
    exchange: Any = Fragile(world.exchange, fuse)
    store: Any = Fragile(world.store, fuse)
    engine.exchange = engine.execution.exchange = exchange
    engine.store = engine.execution.store = store
    return fuse
