"""The methods of the Bot API that the product uses, with Telegram's own checks and words."""

import json
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from tests.fakes.telegram.chats import Chats, Object, Refused

LONGEST_TEXT, LONGEST_CAPTION, LONGEST_DATA = 4096, 1024, 64
TAGS = {"b", "i", "u", "s", "code", "pre", "a", "tg-spoiler", "blockquote"}


class _Html(HTMLParser):
    """Telegram refuses what it cannot parse; the text that is left counts for the lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in TAGS:
            raise Refused(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Refused(400, "Bad Request: can't parse entities: Unexpected end tag")

    def handle_data(self, data: str) -> None:
        self.text += data


def plain_text(html: str) -> str:
    """Raises Refused (400) where Telegram could not parse it."""
    parser = _Html()
    parser.feed(html)
    parser.close()
    if parser.open:
        raise Refused(400, f"Bad Request: can't parse entities: Can't find end tag for {parser.open[-1]}")
    return parser.text


def _checked_text(params: Object, name: str, most: int) -> None:
    html = str(params.get(name, ""))
    text = plain_text(html) if params.get("parse_mode") == "HTML" else html
    if name == "text" and not text.strip():
        raise Refused(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > most:
        raise Refused(400, f"Bad Request: message {'is' if name == 'text' else 'caption is'} too long")


def _markup(params: Object) -> Object | None:
    raw = params.get("reply_markup")
    markup: Object | None = json.loads(raw) if isinstance(raw, str) else raw
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            if not button.get("text"):
                raise Refused(400, "Bad Request: Text buttons are unallowed in the inline keyboard")
            if len(button.get("callback_data", "").encode()) > LONGEST_DATA:
                raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup


def _chat(chats: Chats, params: Object) -> Object:
    chat_id = int(params["chat_id"])
    if chat_id in chats.blocked:
        raise Refused(403, "Forbidden: bot was blocked by the user")
    spoken = chats.of(chat_id)
    if not spoken and chat_id not in chats.known:
        raise Refused(400, "Bad Request: chat not found")
    return dict(spoken[0]["chat"]) if spoken else chats.chat(chat_id)


def _content(params: Object) -> Object:
    kept: Object = {name: params[name] for name in ("text", "caption", "parse_mode") if name in params}
    markup = _markup(params)
    return {**kept, "reply_markup": markup} if markup else kept


def send_message(chats: Chats, params: Object) -> Object:
    _checked_text(params, "text", LONGEST_TEXT)
    return chats.post(_chat(chats, params), chats.bot, **_content(params))


def send_photo(chats: Chats, params: Object) -> Object:
    _checked_text(params, "caption", LONGEST_CAPTION)
    picture = params["photo"]
    if not isinstance(picture, bytes) or not picture.startswith((b"\x89PNG", b"\xff\xd8")):
        raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
    size = {"file_id": "photo", "file_unique_id": "photo", "width": 1, "height": 1}
    message = chats.post(_chat(chats, params), chats.bot, photo=[size], **_content(params))
    chats.photos[message["message_id"]] = picture
    return message


def edit_text(chats: Chats, params: Object) -> Object:
    _checked_text(params, "text", LONGEST_TEXT)
    return _edit(chats, params)


def edit_caption(chats: Chats, params: Object) -> Object:
    _checked_text(params, "caption", LONGEST_CAPTION)
    return _edit(chats, params)


def _edit(chats: Chats, params: Object) -> Object:
    _chat(chats, params)
    message = chats.message(int(params["chat_id"]), int(params["message_id"]))
    before = {name: message.get(name) for name in ("text", "caption", "reply_markup")}
    after = {name: value for name, value in _content(params).items() if name != "parse_mode"}
    merged = {**before, "reply_markup": None, **after}
    if merged == before:
        raise Refused(400, "Bad Request: message is not modified")
    if "text" in after and "photo" in message:
        raise Refused(400, "Bad Request: there is no text in the message to edit")
    message.update({name: value for name, value in merged.items() if value is not None})
    if merged["reply_markup"] is None:
        message.pop("reply_markup", None)
    message["edit_date"] = int(time.time())
    chats.changed.notify_all()
    return message


def answer_press(chats: Chats, params: Object) -> bool:
    chats.toasts[str(params["callback_query_id"])] = str(params.get("text", ""))
    return True


def set_commands(chats: Chats, params: Object) -> bool:
    raw = params["commands"]
    chats.commands = json.loads(raw) if isinstance(raw, str) else raw
    return True


def set_webhook(chats: Chats, params: Object) -> bool:
    chats.webhook = {"url": params.get("url", ""), "secret_token": params.get("secret_token", "")}
    chats.changed.notify_all()
    return True


def delete_webhook(chats: Chats, _params: Object) -> bool:
    return set_webhook(chats, {})


def webhook_info(chats: Chats, _params: Object) -> Object:
    waiting = len(chats.updates)
    return {
        "url": chats.webhook["url"],
        "has_custom_certificate": False,
        "pending_update_count": waiting,
    }


def get_updates(chats: Chats, params: Object) -> list[Object]:
    """Waits up to `timeout` seconds for the first; what lies before `offset` is done with."""
    if chats.webhook["url"]:
        raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
    offset = int(params.get("offset", 0))
    chats.updates = [update for update in chats.updates if update["update_id"] >= offset]
    chats.changed.wait_for(lambda: chats.updates or chats.closed, float(params.get("timeout", 0)))
    return chats.updates[: int(params.get("limit", 100))]


METHODS: dict[str, Callable[[Chats, Object], Any]] = {
    "getMe": lambda chats, _params: {
        **chats.bot,
        "can_join_groups": False,
        "can_read_all_group_messages": False,
    },
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "setMyCommands": set_commands,
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": _edit,
    "answerCallbackQuery": answer_press,
}
SENDING = {"sendMessage", "sendPhoto", "editMessageText", "editMessageCaption", "editMessageReplyMarkup"}
