"""docker-compose.yml runs what `./autogrid up` runs."""

import re
import shlex

import pytest
import yaml

from autogrid_project.services.home import ROOT
from autogrid_project.services.processes import bot_threads, table

NAMES = {"bots": "bot-engine", "worker": "celery"}
VALUES = {"bind": "0.0.0.0", "port": 8000, "bot_threads": bot_threads(1000)}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {NAMES.get(process.name, process.name): process for process in table(demo=False, telegram=True)}


@pytest.mark.parametrize("name", OURS)
def test_the_command_is_the_tables(name):
    assert SERVICES[name]["command"] == OURS[name].argv(**VALUES)


def test_there_is_nothing_else_but_the_stores():
    assert set(SERVICES) == {*OURS, "postgres", "redis"}
    assert SERVICES["postgres"]["image"] == "timescale/timescaledb:latest-pg15"
    assert SERVICES["redis"]["image"] == "redis:7-alpine"


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_everything_waits_for_the_migrations_and_is_restarted(name):
    service = SERVICES[name]
    assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert service["restart"] == "unless-stopped"
    assert service["image"] == "autogrid:latest"


@pytest.mark.parametrize("name", ["web", "bot-engine", "celery", "postgres", "redis"])
def test_what_can_be_asked_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"]


def test_no_secret_has_a_value_or_a_default():
    named = {
        name: str(value)
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
    }
    secret = {name: value for name, value in named.items() if re.search("SECRET|KEYS|PASSWORD|URL", name)}
    assert secret
    for value in secret.values():
        assert re.search(r"\$\{\w+:\?", value)


def test_every_required_variable_is_in_the_example():
    required = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    example = (ROOT / "deploy" / "env.example").read_text()
    assert required <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_the_image_runs_as_nobody_special_and_starts_the_web_process():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER autogrid" in lines
    command = next(line for line in reversed(lines) if line.startswith("CMD "))
    assert shlex.split(command.removeprefix("CMD ").strip("[]").replace(",", " ")) == OURS["web"].argv(
        **VALUES
    )
