"""The HTTP session that the connectors of an event loop share: to the exchanges or to the local simulator."""

import errno
import socket
import ssl
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult

from exchanges.connector.facts import FACTS


def client_session(simulator: Mapping[str, Any] | None, proxy: str = "") -> aiohttp.ClientSession:
    """With a simulator ({"host", "port", "ca"}) every known exchange host leads to it and no other host is
    reached; with None the real network. A proxy (http://user:password@host:port) carries everything, WebSockets
    too. Needs a running event loop."""
    resolver = None if simulator is None else SimulatorResolver(simulator)
    tcp = aiohttp.TCPConnector(
        ssl=_trust(simulator),
        resolver=resolver,
        limit=0,  # every account holds a WebSocket for ever: a limit here would starve the requests
        keepalive_timeout=30,
    )
    return aiohttp.ClientSession(
        connector=tcp,
        cookie_jar=aiohttp.DummyCookieJar(),  # accounts share the session: they must not share cookies
        trace_configs=[_no_redirects()],
        proxy=proxy or None,
    )


class SimulatorResolver(AbstractResolver):
    """aiohttp connects to the host and port that the resolver names, and still checks the certificate
    against the name that was asked for."""

    def __init__(self, simulator: Mapping[str, Any]) -> None:
        self._host, self._port = str(simulator["host"]), int(simulator["port"])
        self._domains = [domain for facts in FACTS.values() for domain in facts.domains]

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if not any(host == domain or host.endswith(f".{domain}") for domain in self._domains):
            raise OSError(errno.EHOSTUNREACH, f"{host} is not an exchange of the simulator")
        return [
            ResolveResult(
                hostname=host, host=self._host, port=self._port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _trust(simulator: Mapping[str, Any] | None) -> ssl.SSLContext:
    if simulator is None:
        return ssl.create_default_context(cafile=certifi.where())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(simulator["ca"]))
    return context


def _no_redirects() -> aiohttp.TraceConfig:
    """aiohttp would repeat a POST after a 307 and carry the key header to the new host."""

    async def refuse(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        _params: aiohttp.TraceRequestRedirectParams,
    ) -> None:
        raise aiohttp.ClientError("The exchange answered with a redirect.")

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(refuse)
    return config
