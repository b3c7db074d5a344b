"""Bybit spot, all of it."""

from aiohttp import web

from exchanges.simulator.bybit.limits import Limits
from exchanges.simulator.bybit.private import Private
from exchanges.simulator.bybit.public import Public
from exchanges.simulator.bybit.rest import Rest
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults


class BybitWire:
    def __init__(self, exchange: Exchange, faults: Faults, _: object = None) -> None:
        self.limits = Limits()
        self._rest = Rest(exchange, self.limits, faults)
        self._public = Public(exchange, faults)
        self._private = Private(exchange, faults)

    def routes(self) -> list[web.RouteDef]:
        return [*self._rest.routes(), *self._public.routes(), *self._private.routes()]

    async def run(self) -> None:
        await self._public.run()
