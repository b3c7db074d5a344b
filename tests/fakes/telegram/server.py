"""The HTTP side: the Bot API under /bot<token>/, and the page of a chat for people."""

import json
import time
import urllib.error
import urllib.request
from contextlib import suppress
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.telegram import page
from tests.fakes.telegram.chats import PRIVATE, Call, Chats, Fault, Object, Refused
from tests.fakes.telegram.methods import METHODS, SENDING, plain_text

LOOPBACK = "127.0.0.1"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
TOKEN = "4242:fake-token-of-the-fake-telegram"
RETRY_PAUSE = 0.2  # seconds before a webhook that was not taken is called again


class FakeTelegram:
    """Listens on loopback from its making on."""

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.chats = Chats(token)
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.fake = self
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        self._threads = [Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)]
        self._threads.append(Thread(target=self._deliver, daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def token(self) -> str:
        return self.chats.token

    def close(self) -> None:
        with self.chats.changed:
            self.chats.closed = True
            self.chats.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(10)

    def reset(self) -> None:
        """As after its making."""
        with self.chats.changed:
            fresh = Chats(self.chats.token, changed=self.chats.changed)
            vars(self.chats).update(vars(fresh) | {"_numbers": self.chats._numbers})
            self.chats.changed.notify_all()

    # --- what people do ---

    def open(self, chat_id: int) -> None:
        """A chat in which the person has spoken before."""
        with self.chats.changed:
            self.chats.post(self.chats.chat(chat_id), self.chats.user(chat_id), text="/start")

    def say(self, chat_id: int, text: str, kind: str = PRIVATE, sender: int | None = None) -> Object:
        """A message to the bot; the update it makes."""
        with self.chats.changed:
            chat, user = self.chats.chat(chat_id, kind), self.chats.user(sender or chat_id)
            message = self.chats.post(chat, user, text=text)
            command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
            entities = (
                [{"type": "bot_command", "offset": 0, "length": len(command)}] if len(command) > 1 else []
            )
            return self.chats.update(message={**message, "entities": entities})

    def press(
        self, chat_id: int, label: str, sender: int | None = None, message_id: int | None = None
    ) -> str:
        """The newest button with this text (or one of `message_id`); the id of the press, for `toasts`."""
        with self.chats.changed:
            for message in reversed(self.chats.of(chat_id)):
                for button in buttons_of(message):
                    if message_id in {None, message["message_id"]} and button["text"] == label:
                        return self.press_data(chat_id, message, button["callback_data"], sender)
        raise LookupError(f"Chat {chat_id} has no button {label!r}.")

    def press_data(self, chat_id: int, message: Object, data: str, sender: int | None = None) -> str:
        with self.chats.changed:
            number = str(self.chats.number())
            user = self.chats.user(sender or chat_id)
            query = {"id": number, "from": user, "message": message, "chat_instance": "1", "data": data}
            self.chats.update(callback_query=query)
            return number

    # --- what tests look at ---

    def fault(self, **fault: Any) -> None:
        with self.chats.changed:
            self.chats.faults.append(Fault(**fault))

    def wait(self, condition: Any, seconds: float = 60) -> Any:
        """What `condition(chats)` answers, once it is true. Raises AssertionError after `seconds`."""
        with self.chats.changed:
            found = self.chats.changed.wait_for(lambda: condition(self.chats), seconds)
            assert found, f"Nothing came. The chats: {self.chats.messages[-5:]}"
            return found

    def from_bot(self, chat_id: int) -> list[Object]:
        with self.chats.changed:
            return [message for message in self.chats.of(chat_id) if message["from"]["is_bot"]]

    def texts(self, chat_id: int) -> list[str]:
        """What the bot has said in this chat, as it reads now."""
        return [text_of(message) for message in self.from_bot(chat_id)]

    # --- the wire ---

    def call(self, token: str, method: str, params: Object) -> tuple[int, Any] | None:
        """(status, body), or None where the connection is to be cut."""
        with self.chats.changed:
            fault = self._fault_of(method, params)
        if fault and fault.slow:
            time.sleep(fault.slow)
        with self.chats.changed:
            calls = self.chats.calls  # who waits for updates through a reset belongs to the life before
            status, body = self._answer(token, method, params, fault)
            calls.append(Call(method, params, status, time.monotonic()))
            self.chats.changed.notify_all()
        return None if fault and fault.drop else (status, body)

    def _answer(self, token: str, method: str, params: Object, fault: Fault | None) -> tuple[int, Any]:
        try:
            if token != self.chats.token:
                raise Refused(401, "Unauthorized")
            if fault and fault.status:
                raise _refusal(fault)
            if method not in METHODS:
                raise Refused(404, "Not Found: method not found")
            return 200, {"ok": True, "result": METHODS[method](self.chats, params)}
        except Refused as refused:
            return refused.status, refused.body
        except (KeyError, ValueError) as error:
            return 400, Refused(400, f"Bad Request: {error}").body

    def _fault_of(self, method: str, params: Object) -> Fault | None:
        for fault in self.chats.faults:
            hit = fault.method == method or (not fault.method and method in SENDING)
            if hit and fault.chat_id in {None, int(params.get("chat_id") or 0)}:
                fault.count -= 1
                if not fault.count:
                    self.chats.faults.remove(fault)
                return fault
        return None

    def _deliver(self) -> None:
        """Updates to the webhook, in order; one that is not taken is sent again."""
        while True:
            with self.chats.changed:
                self.chats.changed.wait_for(
                    lambda: self.chats.closed or (self.chats.webhook["url"] and self.chats.updates)
                )
                if self.chats.closed:
                    return
                hook, update = dict(self.chats.webhook), self.chats.updates[0]
            if post(hook["url"], update, hook["secret_token"]) == 200:
                with self.chats.changed, suppress(ValueError):  # it went with a reset
                    self.chats.updates.remove(update)
            else:
                time.sleep(RETRY_PAUSE)


def post(url: str, update: Object, secret: str) -> int:
    """The status; 0 where nobody answers."""
    headers = {"Content-Type": "application/json", SECRET_HEADER: secret}
    request = urllib.request.Request(url, json.dumps(update).encode(), headers)
    with suppress(OSError):
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code
    return 0


def _refusal(fault: Fault) -> Refused:
    if fault.status == 429:
        words = f"Too Many Requests: retry after {fault.retry_after}"
        return Refused(429, words, retry_after=fault.retry_after)
    known = {403: "Forbidden: bot was blocked by the user", 401: "Unauthorized"}
    return Refused(fault.status, known.get(fault.status, "Internal Server Error"))


def buttons_of(message: Object) -> list[Object]:
    return [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


def text_of(message: Object) -> str:
    raw = message.get("text") or message.get("caption") or ""
    return plain_text(raw) if message.get("parse_mode") == "HTML" else raw


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fake: FakeTelegram

    def handle_error(self, *_: Any) -> None:
        """Who hung up while he waited has no answer coming."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Silent: addresses hold the token."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Host", "").partition(":")[0] not in {LOOPBACK, "localhost"}:
            self._json(403, {"ok": False, "description": "Only this machine is served."})
            return
        address = urlsplit(self.path)
        if address.path.startswith("/bot"):
            token, _, method = address.path.removeprefix("/bot").partition("/")
            answer = self.server.fake.call(token, method, self._params(body, address.query))
            if answer is None:
                self.close_connection = True
            else:
                self._json(*answer)
        else:
            form = dict(parse_qsl(body.decode(errors="replace")))
            self._page(*page.serve(self.server.fake, self.command, address, form))

    def _params(self, body: bytes, query: str) -> Object:
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/"):
            return _multipart(kind, body)
        if kind.startswith("application/json"):
            return dict(json.loads(body or b"{}"))
        return dict(parse_qsl(body.decode() or query, keep_blank_values=True))

    def _json(self, status: int, answered: Any) -> None:
        self._page(status, "application/json", json.dumps(answered).encode())

    def _page(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _multipart(kind: str, body: bytes) -> Object:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    params: Object = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        params[name] = content if part.get_filename() else bytes(content).decode()
    return params
