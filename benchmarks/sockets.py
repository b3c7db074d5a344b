"""Many open pages on one web process: from a bots worker's look at a price to the push of PnL at the WebSocket."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp
import psutil

from benchmarks.report import cpu_seconds, percentile, show
from benchmarks.rig import Rig, rig
from benchmarks.sockets_load import MANY

SEVERAL = 50  # sockets of the first user, as many as one may have
AT_ONCE = 10  # are opened at the same time
SETTLE = 10  # s


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench sockets")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--bots", type=int, default=2, help="of each user; the first has ten times as many")
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args(arguments)
    users = chosen.sockets - SEVERAL + 1
    with rig(chosen.bots * users) as made:
        made.tell_exchange("move 1")
        made.python("benchmarks.sockets_load", str(users), str(chosen.bots))
        port = made.web()
        show("sockets", asyncio.run(measure(made, port, chosen)))


class Pages:
    """The open sockets and what they hear."""

    def __init__(self, port: int) -> None:
        self._address = f"127.0.0.1:{port}"
        self._room = asyncio.Semaphore(AT_ONCE)
        self.pushes: list[float] = []  # seconds from the look at the price
        self.heard: Counter[str] = Counter()
        self.gaps = self.again = 0

    async def listen(self, session: aiohttp.ClientSession, who: dict[str, str]) -> None:
        async with self._room:
            while (socket := await self._open(session, who)) is None:
                self.again += 1
            self._take(await socket.receive_json(), 0)
        last = 0
        async for message in socket:
            last = self._take(json.loads(message.data), last)
        raise ConnectionError(f"A socket was closed with {socket.close_code}.")

    async def _open(
        self, session: aiohttp.ClientSession, who: dict[str, str]
    ) -> aiohttp.ClientWebSocketResponse | None:
        """None where the server had no time for the handshake (5 s): a page tries again."""
        address = f"ws://{self._address}/ws/live"
        options: dict[str, Any] = {}
        if "session" in who:
            options = {
                "origin": f"http://{self._address}",
                "headers": {"Cookie": f"sessionid={who['session']}"},
            }
        protocols = [f"bearer.{who['token']}"] if "token" in who else []
        try:
            return await session.ws_connect(address, protocols=protocols, **options)
        except aiohttp.ClientConnectionError:
            return None

    def _take(self, event: dict[str, Any], last: int) -> int:
        """The event's number. What is missing between it and the last one is a gap."""
        self.heard[event["type"]] += 1
        if event["type"] == "pnl":
            self.pushes.append(time.monotonic() - float(event["mark_price"]))
            self.gaps += bool(last) and event["seq"] > last + 1
        return int(event["seq"])


async def measure(made: Rig, port: int, chosen: argparse.Namespace) -> dict[str, Any]:
    listeners = json.loads((made.home.path / "listeners.json").read_text())
    wanted = [listeners[0]] * SEVERAL + listeners[1:]
    web, pages = psutil.Process(made.processes["web"].pid), Pages(port)
    figures: dict[str, Any] = {"sockets": len(wanted), "users": len(listeners)}
    empty = web.memory_info().rss
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        began = time.monotonic()
        tasks = [group.create_task(pages.listen(session, who)) for who in wanted]
        await _until(lambda: pages.heard["snapshot"] >= len(wanted))
        figures["seconds until all had their snapshot"] = time.monotonic() - began
        figures["handshakes that were tried again"] = pages.again
        figures |= await _pushes(made, web, pages, chosen)
        figures["MB in all (web)"] = web.memory_info().rss / 2**20
        figures["kB per socket"] = (web.memory_info().rss - empty) / 2**10 / len(wanted)
        for task in tasks:
            task.cancel()
    return figures


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(600):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _pushes(made: Rig, web: psutil.Process, pages: Pages, chosen: argparse.Namespace) -> dict[str, Any]:
    await asyncio.sleep(SETTLE)
    used, clock = cpu_seconds(web), time.monotonic()
    await asyncio.sleep(SETTLE)
    idle = (cpu_seconds(web) - used) / (time.monotonic() - clock) * 100
    worker = psutil.Process(made.start("feed", sys.executable, "-m", "benchmarks.sockets_worker").pid)
    await _until(lambda: bool(pages.pushes))
    await asyncio.sleep(SETTLE)
    pages.pushes.clear()
    pages.heard.clear()
    pages.gaps = 0
    before, clock = [cpu_seconds(web), cpu_seconds(worker)], time.monotonic()
    await asyncio.sleep(chosen.seconds)
    elapsed = time.monotonic() - clock
    after = [cpu_seconds(web), cpu_seconds(worker)]
    users = chosen.sockets - SEVERAL
    return {
        "% CPU, prices alone": idle,
        "load average then": os.getloadavg()[0],
        "pushes a second": len(pages.pushes) / elapsed,
        "of so many wanted": chosen.bots * (users + MANY * SEVERAL),
        "prices a second": pages.heard["price"] / elapsed,
        "ms from the look to the push, median": percentile(pages.pushes, 0.5) * 1000,
        "ms, p99": percentile(pages.pushes, 0.99) * 1000,
        "ms, worst": max(pages.pushes) * 1000,
        "gaps": pages.gaps,
        "snapshots asked for again": pages.heard["snapshot"],
        "% CPU (web)": (after[0] - before[0]) / elapsed * 100,
        "% CPU (worker's feed)": (after[1] - before[1]) / elapsed * 100,
    }
