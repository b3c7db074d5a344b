"""The unmodified library against the fake: what the product relies on behaves as Telegram does."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.request import HTTPXRequest

from tests.fakes.telegram.server import FakeTelegram

os.environ["PTB_TIMEDELTA"] = "1"  # what the library will do anyway; without it, it warns
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def fake() -> Iterator[FakeTelegram]:
    running = FakeTelegram()
    yield running
    running.close()


def bot_of(fake: FakeTelegram, token: str = "") -> Bot:
    requests = [
        HTTPXRequest(read_timeout=60, write_timeout=60, connect_timeout=60, pool_timeout=60) for _ in range(2)
    ]
    return Bot(
        token or fake.token, base_url=f"{fake.url}/bot", request=requests[0], get_updates_request=requests[1]
    )


async def test_updates_come_by_long_polling_and_once(fake):
    async with bot_of(fake) as bot:
        waiting = asyncio.create_task(bot.get_updates(timeout=30))
        await asyncio.to_thread(fake.say, 7, "/help")
        found = await waiting
        assert found[0].message.text == "/help"
        assert not await bot.get_updates(offset=found[0].update_id + 1, timeout=0)


async def test_messages_pictures_edits_and_buttons(fake):
    fake.say(7, "hello")
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    async with bot_of(fake) as bot:
        sent = await bot.send_message(7, "<b>Sure?</b>", parse_mode="HTML", reply_markup=keys)
        number = fake.press(7, "Yes")
        update = (await bot.get_updates(timeout=0))[-1]
        assert (update.callback_query.data, update.callback_query.message.message_id) == (
            "y",
            sent.message_id,
        )
        await bot.answer_callback_query(number, "Done")
        await bot.edit_message_text("Done.", 7, sent.message_id)
        await bot.send_photo(7, PNG, caption="A picture")
    assert fake.texts(7) == ["Done.", "A picture"]
    assert fake.chats.toasts == {number: "Done"}
    assert PNG in fake.chats.photos.values()


@pytest.mark.parametrize(
    ("text", "words"),
    [("x" * 4097, "too long"), ("<b>open", "[Cc]an't parse"), (" ", "empty"), ("a<x>", "unsupp")],
)
async def test_what_telegram_would_refuse_is_refused(fake, text, words):
    fake.say(7, "hello")
    async with bot_of(fake) as bot:
        with pytest.raises(BadRequest, match=words):
            await bot.send_message(7, text, parse_mode="HTML")


async def test_the_faults(fake):
    fake.say(7, "hello")
    async with bot_of(fake) as bot:
        fake.fault(status=429, retry_after=3)
        with pytest.raises(RetryAfter) as late:
            await bot.send_message(7, "one")
        assert late.value.retry_after == timedelta(seconds=3)
        fake.chats.blocked.add(7)
        with pytest.raises(Forbidden):
            await bot.send_message(7, "two")
        fake.chats.blocked.clear()
        fake.fault(drop=True)
        with pytest.raises(NetworkError):
            await bot.send_message(7, "three")
    assert fake.texts(7) == ["three"]  # taken, and the answer lost


async def test_a_wrong_token_opens_nothing(fake):
    bot = bot_of(fake, "1:wrong")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()
