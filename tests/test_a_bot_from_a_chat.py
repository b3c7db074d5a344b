"""Who has only the chat: linked, a grid made and running, its fills told, looked back on, paused and killed."""

import io
import json
from collections.abc import Callable
from decimal import Decimal

from PIL import Image

from telegram_bot.pictures import ACCENT, TEXT, TEXT_2
from tests.chatter import LATE, PATIENCE, Chatter, Said, link_code
from tests.stack import PASSWORD, Stack, until


def test_from_the_link_to_the_kill_switch(stack: Stack) -> None:
    user = stack.register("chatter")
    credential = user.add_key("demo-key-of-who-has-a-chat", "secret-of-the-chatter-4716")
    port = json.loads((stack.home / "ports.json").read_text())["chat"]
    chat = Chatter(f"http://127.0.0.1:{port}", 4716)
    code = link_code(stack.url, "chatter@example.org", PASSWORD)
    chat.say(f"/start {code}", "is linked with chatter@example.org")

    in_time(lambda: make_a_grid(chat, user.price("BTC/USDT")))
    (shown,) = user.all("bots")
    bot = shown["id"]
    assert "Bought" in chat.hear("filled", []).text
    assert user.bot(bot)["status"] == "running"

    until(lambda: "open" in chat.say("/levels", "20 slots").text, PATIENCE, "an open order among the levels")
    chat.say("/backtest BTC 2", "looking back over 2 days")
    looked_back = chat.hear("Buy and hold", [])
    assert {ACCENT, TEXT_2} <= colours(chat.picture(looked_back))

    in_time(lambda: asked(chat, "/pause", "Pause", "is paused"))
    assert user.bot(bot)["status"] == "paused"
    in_time(lambda: asked(chat, "/kill BTC", "Cancel orders", "is halted"))
    until(lambda: user.have_stopped(bot), PATIENCE, "the stop")
    assert user.bot(bot)["halted"]
    assert stack.control(f"orders?exchange=binance&open=true&api_key={user.keys[credential].api_key}") == []


def make_a_grid(chat: Chatter, price: Decimal) -> Said:
    chat.say("/new", "Which market?")
    chat.press("BTC/USDT", "which strategy?")
    chat.press("Grid", "How much USDT")
    suggested = until(lambda: suggestion(chat), PATIENCE, "a suggestion, for which candles have to be there")
    assert suggested
    assert {ACCENT, TEXT} <= colours(chat.picture(suggested))
    # Around the price, so that it holds coins from the start.
    lower, upper = round(price * Decimal("0.9")), round(price * Decimal("1.1"))
    chat.say(f"{lower} {upper} 20", "The pre-flight is passed.")
    return chat.press("Make and start it", "is starting")


def suggestion(chat: Chatter) -> Said | None:
    said = chat.press("1,000", "grids")
    if said.photo:
        return said
    chat.press("‹ Back", "How much USDT")
    return None


def asked(chat: Chatter, command: str, label: str, words: str) -> Said:
    chat.say(command, "buttons work once")
    return chat.press(label, words)


def in_time(ask: Callable[[], Said]) -> None:
    """A question waits a minute for its answer: a machine that was slower asks once more."""
    for _ in range(5):
        if LATE not in ask().text:
            return
    raise AssertionError("Every question was answered too late.")


def colours(png: bytes) -> set[str]:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return {"#" + bytes(colour).hex() for _, colour in image.getcolors(10**6) or []}
