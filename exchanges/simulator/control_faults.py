"""/control/faults: asked for, listed, ended."""

from typing import Any

from aiohttp import web

from exchanges.simulator.control_http import body_of, error, json_answer
from exchanges.simulator.faults import KINDS, Fault, Faults

FIELDS = ("kind", "exchange", "api_key", "endpoint", "rate", "count", "seconds")


class FaultControl:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/faults", self._list),
            web.get("/control/faults/kinds", self._kinds),
            web.post("/control/faults", self._add),
            web.delete("/control/faults", self._clear),
            web.delete("/control/faults/{id}", self._end),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        """With how often each has struck; those that are over stay until they are cleared."""
        return json_answer(self._describe(self._faults.all()))

    async def _kinds(self, request: web.Request) -> web.Response:
        return json_answer(list(KINDS))

    async def _add(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if unknown := next((name for name in body if name not in FIELDS), None):
            return error(f"{unknown} is no field of a fault: those are {', '.join(FIELDS)}.")
        if "kind" not in body:
            return error("kind is missing.")
        given = {name: value for name, value in body.items() if value is not None or name == "kind"}
        try:
            return json_answer({"id": self._faults.add(**given).id}, 201)
        except ValueError as problem:
            return error(str(problem))

    async def _clear(self, request: web.Request) -> web.Response:
        return json_answer(self._describe(self._faults.clear()))

    async def _end(self, request: web.Request) -> web.Response:
        number = request.match_info["id"]
        ended = self._faults.end(int(number)) if number.isdecimal() and len(number) < 10 else None
        return (
            error("There is no such fault.", 404)
            if ended is None
            else json_answer(self._describe([ended])[0])
        )

    def _describe(self, faults: list[Fault]) -> list[dict[str, Any]]:
        now = self._faults.clock()
        return [fault.describe(now) for fault in faults]
