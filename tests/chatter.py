"""Somebody who has the chat alone: the demo's chat page as people use it, over HTTP."""

import html
import re
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from tests.stack import until

PATIENCE = 300  # seconds
LATE = "The minute is over"  # on a machine so slow that a question's time has passed
_MESSAGE = re.compile(r'<div class="m (bot|mine)[^"]*">(.*?)</div>(?=<div class="m |\Z)', re.DOTALL)
_PRESSED = re.compile(r'name="message" value="(\d+)"')
_BUTTON = re.compile(r'<button name="data" value="([^"]*)">(.*?)</button>')


@dataclass(frozen=True, slots=True)
class Said:
    """By the bot; `buttons` are (message, data) by what stands on them, `photo` an address or empty."""

    text: str
    photo: str = ""
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chatter:
    """`base` is the fake Telegram's address."""

    base: str
    number: int

    @property
    def address(self) -> str:
        return f"{self.base}/chat/{self.number}"

    def said(self) -> list[Said]:
        with urllib.request.urlopen(f"{self.address}?news=all", timeout=60) as page:
            log = page.read().decode()
        return [_said(body) for side, body in _MESSAGE.findall(log) if side == "bot"]

    def say(self, text: str, words: str) -> Said:
        """The bot's message with these words that comes of it."""
        return self._post(words, text=text)

    def press(self, label: str, words: str) -> Said:
        """The newest button of this label."""
        found = (said.buttons[label] for said in reversed(self.said()) if label in said.buttons)
        message, data = next(found)
        return self._post(words, message=message, data=data)

    def hear(self, words: str, before: list[Said]) -> Said:
        """What was not there, or read otherwise, `before`."""

        def look() -> Said | None:
            fresh = [new for i, new in enumerate(self.said()) if i >= len(before) or before[i] != new]
            return next((said for said in fresh if words in said.text or LATE in said.text), None)

        heard = until(look, PATIENCE, f"{words!r} in the chat")
        assert heard
        return heard

    def picture(self, said: Said) -> bytes:
        with urllib.request.urlopen(f"{self.base}{said.photo}", timeout=60) as answer:
            return bytes(answer.read())

    def _post(self, words: str, **form: str) -> Said:
        before = self.said()
        urllib.request.urlopen(self.address, urlencode(form).encode(), timeout=60).close()
        return self.hear(words, before)


def _said(body: str) -> Said:
    shown, _, keys = body.partition('<div class="keys">')
    photo = re.search(r'<img src="([^"]*)"', shown)
    message = _PRESSED.search(keys)
    buttons = {
        html.unescape(label): (message[1], html.unescape(data))
        for data, label in _BUTTON.findall(keys)
        if message
    }
    return Said(html.unescape(re.sub("<[^>]*>", "", shown)), photo[1] if photo else "", buttons)


def link_code(url: str, email: str, password: str) -> str:
    """Signs in on the pages and asks for a link, as a person does."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def post(path: str, **form: str) -> str:
        with opener.open(url + path, timeout=60) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        assert token
        fields = urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
        request = urllib.request.Request(url + path, fields, {"Referer": url + path})
        with opener.open(request, timeout=60) as page:
            return str(page.read().decode())

    post("/accounts/login/", login=email, password=password)
    post("/accounts/reauthenticate/", password=password)
    code = re.search(r"/start ([0-9a-f]+)", post("/account/telegram/"))
    assert code
    return code[1]
