"""The open pages of `benchmarks.sockets`, `python -m benchmarks.sockets_pages PORT LISTENERS`: a process of its own
that reads as little of each message as it can, so that what is slow is the server. Prints {"opened": ...} once all have
their snapshot; after a line on standard input what was heard since the last one."""

import asyncio
import base64
import json
import os
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

from benchmarks.report import percentile

AT_ONCE = 10  # are opened at the same time
PATIENCE = 60.0  # seconds with one of them
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SEQ, LOOKED = b'"seq":', b'"mark_price":"'


class Heard:
    """By all pages together."""

    def __init__(self) -> None:
        self.pushes: list[float] = []  # seconds from the look at the price
        self.kinds: Counter[str] = Counter()
        self.gaps = 0

    def figures(self) -> dict[str, Any]:
        shares = {"median": 0.5, "p99": 0.99, "worst": 1.0}
        times = {name: percentile(self.pushes or [0.0], share) for name, share in shares.items()}
        return {"pushes": len(self.pushes), **times, "kinds": self.kinds, "gaps": self.gaps}


heard = Heard()


class Page(asyncio.Protocol):
    """One socket: the client's side of RFC 6455, as far as our server speaks it (whole, short text messages)."""

    def __init__(self, address: str, who: dict[str, str]) -> None:
        self._address, self._who = address, who
        self._rest = b""
        self._open = False
        self._last = 0
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws/live HTTP/1.1",
            f"Host: {self._address}",
            "Upgrade: websocket",
            "Connection: Upgrade",
        ]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *self._credentials(), "", ""]
        self._transport.write("\r\n".join(lines).encode())

    def _credentials(self) -> list[str]:
        if "session" in self._who:
            return [f"Origin: http://{self._address}", f"Cookie: sessionid={self._who['session']}"]
        return [f"Sec-WebSocket-Protocol: bearer.{self._who['token']}"]

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.first.done():
            self.first.set_exception(ConnectionError("closed before the snapshot"))
        elif not self._transport.is_closing():
            heard.kinds["closed"] += 1

    def data_received(self, data: bytes) -> None:
        data, at = self._rest + data, 0
        if not self._open:
            end = data.find(b"\r\n\r\n")
            self._open = end >= 0 and b" 101 " in data[:16]
            at = end + 4 if self._open else 0
        while self._open and (frame := _frame(data, at)):
            opcode, start, at = frame
            self._take(opcode, data[start:at])
        self._rest = data[at:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._transport.write(bytes([0x80 | PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
        elif opcode == CLOSE:
            heard.kinds["closed"] += 1
        elif payload.startswith(b'{"type":"pnl"'):
            begin = payload.index(LOOKED) + len(LOOKED)
            heard.pushes.append(time.monotonic() - float(payload[begin : payload.index(b'"', begin)]))
            heard.kinds["pnl"] += 1
            seq = int(payload[payload.rindex(SEQ) + len(SEQ) : -1])
            heard.gaps += bool(self._last) and seq != self._last + 1
            self._last = seq
        elif payload.startswith(b'{"type":"price"'):
            heard.kinds["price"] += 1
        else:
            event = json.loads(payload)
            heard.kinds[event["type"]] += 1
            self._last = event["seq"]
            if not self.first.done():
                self.first.set_result(None)


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Opcode, begin and end of the payload of the frame that begins at `at`; None where it is not whole yet."""
    if len(data) < at + 10:  # one that is shorter waits for the next
        short = len(data) >= at + 2 and len(data) >= at + 2 + data[at + 1] and data[at + 1] < 126
        return (data[at] & 15, at + 2, at + 2 + data[at + 1]) if short else None
    length, start = data[at + 1], at + 2
    if length == 126:
        (length,), start = struct.unpack_from(">H", data, start), at + 4
    elif length == 127:
        (length,), start = struct.unpack_from(">Q", data, start), at + 10
    return (data[at] & 15, start, start + length) if len(data) >= start + length else None


async def main(port: int, listeners: list[dict[str, str]]) -> None:
    room, again = asyncio.Semaphore(AT_ONCE), 0
    address, loop = f"127.0.0.1:{port}", asyncio.get_running_loop()

    async def opened(who: dict[str, str]) -> None:
        """A page whose handshake had no answer in time (5 s) tries again."""
        nonlocal again
        async with room:
            while True:
                try:
                    _, page = await loop.create_connection(lambda: Page(address, who), "127.0.0.1", port)
                    async with asyncio.timeout(PATIENCE):
                        return await page.first
                except ConnectionError:
                    again += 1

    began = time.monotonic()
    await asyncio.gather(*map(opened, listeners))
    print(json.dumps({"opened": time.monotonic() - began, "again": again}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(heard.figures()), flush=True)
        heard.__init__()  # type: ignore[misc]


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())))
