"""After all that the other tests here did to the stack (the last file of them): no error, no secret in any log."""

import json
import re

from tests.stack import PASSWORD, Stack

TROUBLE = re.compile(
    r'Traceback|"level": "(error|critical)"| (ERROR|CRITICAL) |\b(FATAL|PANIC):|Exception ignored'
)
# Postgres says this to whoever asks whether it is ready yet.
HARMLESS = "the database system is starting up"


def lines_of(stack: Stack) -> list[str]:
    files = sorted((stack.home / "logs").iterdir())
    assert {"bots.log", "web.log", "worker.log", "collector.log"} <= {file.name for file in files}
    return [f"{file.stem}: {line}" for file in files for line in file.read_text().splitlines()]


def test_nothing_went_wrong(stack: Stack) -> None:
    assert [line for line in lines_of(stack) if TROUBLE.search(line) and HARMLESS not in line] == []


def test_no_secret_was_told(stack: Stack) -> None:
    trader = stack.register("last")
    trader.add_key("demo-key-of-the-last", "secret-of-the-last-5001")
    demo = json.loads((stack.home / "demo.json").read_text())["password"]
    secrets = {PASSWORD, demo, *json.loads((stack.home / "secrets.json").read_text()).values()}
    for each in stack.traders:
        secrets |= {each.token} | {part for key in each.keys.values() for part in key}
    # The ring is k1:<key>; its halves count as well.
    secrets |= {part for secret in secrets for part in secret.split(":") if len(part) > 8}
    told = [line for line in lines_of(stack) if any(secret in line for secret in secrets)]
    assert [line[:200] for line in told] == []
