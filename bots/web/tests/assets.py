"""What a page makes a browser fetch, and what that weighs."""

import gzip
import json
import re
from functools import cache

from django.contrib.staticfiles import finders


def assets(page: str) -> set[str]:
    """What a browser fetches with it: styles, scripts with the modules they import, fonts and pictures."""
    named = set(re.findall(r'(?:href|src)="/static/([^"#]+)', page))
    mapped = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', page, re.DOTALL)
    modules = json.loads(mapped[1])["imports"] if mapped else {}
    waiting = [name for name in named if name.endswith(".js")]
    while waiting:
        source = content(waiting.pop()).decode()
        for module in re.findall(r'(?:from|import)\s*"([\w-]+)"', source):
            if module in modules and (name := modules[module].removeprefix("/static/")) not in named:
                named.add(name)
                waiting.append(name)
    return named


@cache
def content(name: str) -> bytes:
    found = finders.find(name)
    assert isinstance(found, str), f"{name} is nowhere"
    with open(found, "rb") as file:
        return file.read()


@cache
def weight(name: str) -> int:
    """As it travels."""
    return len(content(name)) if name.endswith((".woff2", ".png")) else len(gzip.compress(content(name)))
