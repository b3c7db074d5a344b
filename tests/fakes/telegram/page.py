"""A chat as a page, for visitors of the demo who have no Telegram: plain forms, and a script that looks for news."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs

from tests.fakes.telegram.chats import PRIVATE, Object

if TYPE_CHECKING:
    from tests.fakes.telegram.server import FakeTelegram

Answer = tuple[int, str, bytes, dict[str, str]]  # status, type, body, further headers
HTML = "text/html; charset=utf-8"
LONG = 25.0  # seconds that a request for news waits

_STYLE = """
:root{color-scheme:light dark;--canvas:light-dark(#f5f6f8,#0c0f14);--surface:light-dark(#fff,#141820);
--line:light-dark(#e2e5ea,#262d39);--text:light-dark(#151922,#e7eaf0);--text-2:light-dark(#565f6f,#a2acbc);
--accent:light-dark(#3b4cca,#99a6ff);--fill:light-dark(#3b4cca,#4a5be0);--mine:light-dark(#eceefc,#212847)}
*{box-sizing:border-box}body{margin:0;font:15px/1.45 system-ui,sans-serif;background:var(--canvas);color:var(--text)}
main{display:flex;flex-direction:column;max-width:30rem;height:100dvh;margin:0 auto}
header{padding:.6rem .9rem;border-bottom:1px solid var(--line);background:var(--surface)}
header h1{margin:0;font-size:1rem}header p{margin:0;color:var(--text-2);font-size:.8rem}
#log{flex:1;overflow-y:auto;padding:.75rem;display:flex;flex-direction:column;gap:.5rem}
.m{max-width:92%;padding:.5rem .7rem;border:1px solid var(--line);border-radius:12px;background:var(--surface);
white-space:pre-wrap;overflow-wrap:anywhere}.m.mine{align-self:flex-end;background:var(--mine)}
.m.bot{align-self:flex-start}.m.wide{width:92%}
.m pre,.m code{font:13px/1.4 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.m pre{margin:.25rem 0;overflow-x:auto}
.m img{display:block;width:100%;border-radius:8px;margin-bottom:.4rem}
.m a{color:var(--accent)}
.keys{display:grid;gap:.3rem;margin-top:.5rem;white-space:normal}.keys form{display:flex;gap:.3rem}
button{font:inherit;border:1px solid var(--line);border-radius:8px;background:var(--canvas);color:var(--text);
padding:.45rem .6rem;min-height:2.5rem;cursor:pointer}.keys button{flex:1}button.send{background:var(--fill);color:#fff}
.say{display:flex;gap:.5rem;padding:.6rem;border-top:1px solid var(--line);background:var(--surface)}
.say input{flex:1;min-width:0;font:inherit;padding:.5rem .7rem;border:1px solid var(--text-2);border-radius:8px;
background:var(--surface);color:var(--text)}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
"""
_SCRIPT = """
const log=document.getElementById("log");log.scrollTop=log.scrollHeight;
document.addEventListener("submit",async e=>{e.preventDefault();const f=e.target,d=new URLSearchParams(new FormData(f,
e.submitter));f.reset();f.querySelector("button[name=text]")?.remove();await fetch(f.action,{method:"POST",body:d})});
async function look(){let v=log.dataset.version;for(;;){try{const r=await fetch(`?news=${v}`);
v=r.headers.get("X-Version");const low=log.scrollHeight-log.scrollTop-log.clientHeight<80;
log.innerHTML=await r.text();if(low)log.scrollTop=log.scrollHeight}catch{await new Promise(d=>setTimeout(d,2000))}}}
look();
"""


def serve(fake: "FakeTelegram", method: str, address: SplitResult, form: dict[str, str]) -> Answer:
    """/chat/<id> shows and takes, /photo/<message> is a picture; everything else leads to the visitor's own chat."""
    kind, _, number = address.path.strip("/").partition("/")
    if not number.isdecimal() or kind not in {"chat", "photo"}:
        return 303, HTML, b"", {"Location": "/chat/1"}
    if kind == "photo":
        picture = fake.chats.photos.get(int(number))
        return (200, "image/png", picture, {}) if picture else (404, HTML, b"", {})
    if method == "POST":
        _take(fake, int(number), form)
        return 303, HTML, b"", {"Location": f"/chat/{number}"}
    query = parse_qs(address.query)
    if "news" in query:
        return _news(fake, int(number), query["news"][0])
    return _whole(fake, int(number), query.get("start", [""])[0])


def _take(fake: "FakeTelegram", chat_id: int, form: dict[str, str]) -> None:
    if text := form.get("text", "").strip():
        fake.say(chat_id, text[:4096], PRIVATE)
    if "data" in form:
        with fake.chats.changed:
            message = fake.chats.message(chat_id, int(form["message"]))
        fake.press_data(chat_id, message, form["data"])


def _version(fake: "FakeTelegram", chat_id: int) -> str:
    found = fake.chats.of(chat_id)
    return f"{len(found)}-{sum(hash(repr(message)) & 0xFFFF for message in found)}"


def _news(fake: "FakeTelegram", chat_id: int, seen: str) -> Answer:
    with fake.chats.changed:
        fake.chats.changed.wait_for(lambda: fake.chats.closed or _version(fake, chat_id) != seen, LONG)
        return 200, HTML, _log(fake, chat_id).encode(), {"X-Version": _version(fake, chat_id)}


def _whole(fake: "FakeTelegram", chat_id: int, code: str) -> Answer:
    with fake.chats.changed:
        log, version = _log(fake, chat_id), _version(fake, chat_id)
    first = f"/start {code}" if code else "" if fake.chats.of(chat_id) else "/start"
    start = f'<button class="send" name="text" value="{escape(first)}">Start</button>' if first else ""
    value = "" if start else 'autofocus placeholder="A message, or /help"'
    body = (
        f"<main><header><h1>AutoGrid</h1><p>A stand-in for Telegram: @{escape(fake.chats.username)}</p></header>"
        f'<div id="log" role="log" aria-label="Messages" data-version="{version}">{log}</div>'
        f'<form class="say" method="post" action="/chat/{chat_id}">{start}'
        f'<input name="text" aria-label="Message" autocomplete="off" {value}>'
        f'<button class="send">Send</button></form></main>'
    )
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>AutoGrid in a chat</title>'
    document = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}'
    return 200, HTML, f"{document}<script>{_SCRIPT}</script></body></html>".encode(), {}


def _log(fake: "FakeTelegram", chat_id: int) -> str:
    return "".join(_message(message) for message in fake.chats.of(chat_id))


def _message(message: Object) -> str:
    text = message.get("text") or message.get("caption") or ""
    shown = text if message.get("parse_mode") == "HTML" else escape(text)
    side = "bot" if message["from"]["is_bot"] else "mine"
    number = message["message_id"]
    picture = f'<img src="/photo/{number}" alt="">' if "photo" in message else ""
    wide = " wide" if picture or "<pre>" in shown or message.get("reply_markup") else ""
    return f'<div class="m {side}{wide}">{picture}{shown}{_keys(message)}</div>'


def _keys(message: Object) -> str:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    if not rows:
        return ""
    action = f"/chat/{message['chat']['id']}"
    hidden = f'<input type="hidden" name="message" value="{message["message_id"]}">'
    made = "".join(
        f'<form method="post" action="{action}">{hidden}{"".join(_key(button) for button in row)}</form>'
        for row in rows
    )
    return f'<div class="keys">{made}</div>'


def _key(button: Object) -> str:
    return f'<button name="data" value="{escape(button.get("callback_data", ""))}">{escape(button["text"])}</button>'
