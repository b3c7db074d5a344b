"""A mail server at the wire, in a thread: keeps what it is given and refuses what a test tells it to."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    port: int = 0
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)  # recipient, message
    refused: dict[str, str] = field(default_factory=dict)  # recipient: the answer to RCPT
    closing: bool = False  # answers 421 to everybody
    hold: threading.Event = field(default_factory=threading.Event)  # DATA is answered once this is set

    def __post_init__(self) -> None:
        self.hold.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("421 closing" if self.closing else "220 ready")
        recipient = ""
        while line := (await reader.readline()).decode().strip():
            verb = line.split(":")[0].split()[0].upper()
            if verb == "QUIT":
                say("221 bye")
                break
            if verb == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
                say(self.refused.get(recipient, "250 fine"))
            elif verb == "DATA":
                say("354 go on")
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-5].replace(b"\r\n..", b"\r\n.")
                await asyncio.to_thread(self.hold.wait, 100)
                self.received.append((recipient, message_from_bytes(body, policy=policy.default)))
                say("250 taken")
            else:
                say("250 fine")
            await writer.drain()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server, loop = MailServer(), asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", 0))
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.hold.set()
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
