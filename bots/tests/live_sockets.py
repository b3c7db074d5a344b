"""How tests open a socket of /ws/live, and wait for what it says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from redis.asyncio import Redis

from accounts import tokens
from accounts.models import User
from bots.consumers import LiveConsumer
from bots.routing import websocket_application

HOST = b"localhost"
PATIENCE = 60.0  # seconds


class Patient(WebsocketCommunicator):
    """Channels' own waits a second, in which a loaded machine has hardly connected to its database."""

    async def receive_output(self, timeout: float = PATIENCE) -> Any:  # noqa: ASYNC109
        return await super().receive_output(max(timeout, PATIENCE))

    async def wait(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        await super().wait(max(timeout, PATIENCE))


@pytest.fixture(autouse=True)
async def redis(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    monkeypatch.setattr(LiveConsumer, "beat_seconds", 0.02)
    async with Redis.from_url(settings.REDIS_URL) as client:
        await client.flushdb()
        yield client


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def socket(headers: list[tuple[bytes, bytes]], subprotocol: str | None = None) -> Patient:
    chosen = [subprotocol] if subprotocol else None
    return Patient(websocket_application, "/ws/live", headers, chosen)


async def by_cookie(user: User, origin: bytes = b"http://localhost") -> Patient:
    client = await sync_to_async(signed_in)(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    return socket([(b"host", HOST), (b"origin", origin), (b"cookie", cookie)])


async def by_token(user: User) -> Patient:
    access = (await sync_to_async(tokens.issue)(user=user)).access
    return socket([(b"host", HOST)], f"bearer.{access}")


async def listening(communicator: Patient) -> dict[str, Any]:
    """Connects and returns the snapshot."""
    connected, _ = await communicator.connect()
    assert connected
    first: dict[str, Any] = await communicator.receive_json_from()
    assert first["type"] == "snapshot"
    return first


async def closed_with(communicator: Patient) -> int:
    await communicator.connect()
    message = await communicator.receive_output()
    assert message["type"] == "websocket.close"
    await communicator.disconnect()
    return int(message["code"])
