"""What the REST side of every wire does alike: journal, faults, then the exchange's own answer."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from aiohttp import web

from exchanges.simulator.accounts import Key
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.faults_http import About, serve
from exchanges.simulator.received import Received, receive

WITHDRAWAL = frozenset({"key_withdraw"})
Parameters = dict[str, str]


class AnEndpoint(Protocol):
    @property
    def part(self) -> str:
        """The name by which faults find it (faults.py)."""

    @property
    def is_write(self) -> bool: ...


E = TypeVar("E", bound=AnEndpoint)


@dataclass(frozen=True, slots=True)
class Asked(Generic[E]):
    request: web.Request
    endpoint: E
    body: str
    parameters: Parameters | None  # None: they cannot be read
    api_key: str | None
    received: Received

    @property
    def query(self) -> str:
        """As sent."""
        return self.request.raw_path.partition("?")[2]

    @property
    def address(self) -> str:
        return self.request.remote or ""


class RestWire(ABC, Generic[E]):
    key_header: str

    def __init__(self, exchange: Exchange, faults: Faults, endpoints: Mapping[tuple[str, str], E]) -> None:
        self.exchange = exchange
        self.faults = faults
        self._endpoints = endpoints

    def routes(self) -> list[web.RouteDef]:
        return [web.route(method, path, self.handle) for method, path in self._endpoints]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = self._endpoints[request.method, request.path]
        body = (await request.read()).decode(errors="replace")
        api_key = request.headers.get(self.key_header)
        parameters = self.read(request, body)
        shown = {name: value for name, value in (parameters or {}).items() if name != "signature"}
        received = receive(self.exchange, request, api_key, shown, kept=found.is_write)
        asked = Asked(request, found, body, parameters, api_key, received)
        return await serve(
            self.faults,
            request,
            exchange=self.exchange.name,
            api_key=api_key,
            endpoint=self.part_of(found, parameters or {}),
            answer=self._answerer(asked),
            about=self.about(found, parameters or {}),
            note=received.note,
        )

    @abstractmethod
    def read(self, request: web.Request, body: str) -> Parameters | None: ...

    @abstractmethod
    def about(self, found: E, given: Parameters) -> About: ...

    @abstractmethod
    def answer(self, asked: Asked[E]) -> web.Response: ...

    def part_of(self, found: E, given: Parameters) -> str:
        """What the request is to the faults."""
        return found.part

    def as_struck(self, key: Key, part: str) -> Key:
        """The key as it is shown while a fault lets it withdraw."""
        if self.faults.draw(self.exchange.name, key.api_key, part, WITHDRAWAL):
            return replace(key, can_withdraw=True)
        return key

    def _answerer(self, asked: Asked[E]) -> Callable[[], Awaitable[web.Response]]:
        async def answer() -> web.Response:
            response = self.answer(asked)
            body = response.body
            asked.received.answered(response.status, body if isinstance(body, bytes) else b"")
            return response

        return answer
