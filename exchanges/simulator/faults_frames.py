"""What a fault does to the frames that a WebSocket sends."""

import asyncio
from collections.abc import Callable

from exchanges.simulator.faults import Faults

OVERTAKEN_BY = 3  # frames: an order's event and its balance come together, so that two would swap nothing
HELD_SECONDS = 1.0  # a frame that waits to be overtaken goes out by itself after this


class Frames:
    """The events of one connection, on their way out. `api_key` is whose they are, once that is known; answers to
    the client's own requests do not pass here."""

    def __init__(
        self, faults: Faults, exchange: str, send: Callable[[bytes], None], drop: Callable[[], None]
    ) -> None:
        self.api_key: str | None = None
        self._faults = faults
        self._exchange = exchange
        self._send = send
        self._drop = drop
        self._held: bytes | None = None
        self._overtaken = 0

    def tell(self, frame: bytes) -> None:
        if self._held is not None:
            self._send(frame)
            self._overtaken += 1
            if self._overtaken == OVERTAKEN_BY:
                self._release()
            return
        fault = self._faults.draw(self._exchange, self.api_key, "stream")
        match fault.kind if fault else "":
            case "ws_silence":
                pass
            case "ws_drop" | "key_revoked":
                self._drop()
            case "ws_reorder":
                self._held, self._overtaken = frame, 0
                asyncio.get_running_loop().call_later(HELD_SECONDS, self._release)
            case "ws_malformed":
                self._send(frame[: len(frame) // 2])
            case "ws_duplicate":
                self._send(frame)
                self._send(frame)
            case _:
                self._send(frame)

    def _release(self) -> None:
        if self._held is not None:
            frame, self._held = self._held, None
            self._send(frame)
