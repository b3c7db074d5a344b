"""Binance spot, all of it."""

from aiohttp import web

from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.binance.rest import Rest
from exchanges.simulator.binance.streams import Streams
from exchanges.simulator.binance.user_data import UserData
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults


class BinanceWire:
    def __init__(self, exchange: Exchange, faults: Faults, limits: Limits | None) -> None:
        limits = limits or Limits()
        self._is_testnet = exchange.name.endswith("-testnet")
        self._rest = Rest(exchange, limits, faults)
        self._streams = Streams(exchange, faults)
        self._user_data = UserData(exchange, limits, faults)

    def routes(self) -> list[web.RouteDef]:
        routes = [*self._rest.routes(), *self._streams.routes(), *self._user_data.routes()]
        return [route for route in routes if not (self._is_testnet and route.path.startswith("/sapi/"))]

    async def run(self) -> None:
        await self._streams.run()
