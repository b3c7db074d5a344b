"""Stripe's form encoding: `items[0][price]=p` is {"items": [{"price": "p"}]}."""

import re
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"\[([^\]]*)\]")


def decoded(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, rest = name.partition("[")[0], _PART.findall(name)
        place = tree
        path = [head, *rest]
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1] or str(len(place))] = value
    return {name: _with_lists(value) for name, value in tree.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    values = {name: _with_lists(each) for name, each in value.items()}
    return list(values.values()) if values and all(name.isdigit() for name in values) else values


def whole(params: dict[str, Any], name: str, default: int) -> int:
    return int(params.get(name, default))


def flag(params: dict[str, Any], name: str, default: bool = False) -> bool:
    return str(params.get(name, default)).lower() == "true"
