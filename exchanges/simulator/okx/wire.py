"""OKX spot, as far as it is polled."""

from aiohttp import web

from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.okx.limits import Limits
from exchanges.simulator.okx.rest import Rest


class OkxWire:
    def __init__(self, exchange: Exchange, faults: Faults, _: object = None) -> None:
        self.limits = Limits()
        self._rest = Rest(exchange, self.limits, faults)

    def routes(self) -> list[web.RouteDef]:
        return self._rest.routes()

    async def run(self) -> None:
        """Nothing is sent by the clock."""
