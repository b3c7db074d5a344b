"""`status` and `logs` over a run.json and logs made by hand."""

import os

import psutil
import pytest

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import Home
from autogrid_project.services.status import _duration, _print_end, _print_new, logs, status


def running(home: Home, state: str) -> None:
    me = psutil.Process()
    web = {"state": state, "pid": os.getpid(), "started_at": me.create_time(), "restarts": 3}
    migrate = {"state": "done", "pid": None, "started_at": 0, "restarts": 0}
    facts = {"command": "up", "state": "up", "url": "http://127.0.0.1:8000", "pid": me.pid}
    home.write(
        "run.json", {**facts, "created": me.create_time(), "processes": {"migrate": migrate, "web": web}}
    )


def test_what_runs_is_a_table(home, capsys):
    running(home, "up")
    with home.hold():
        assert status(home) == 0
    title, _, head, migrate, web = capsys.readouterr().out.splitlines()
    assert title == "AutoGrid (up) is up: http://127.0.0.1:8000"
    assert head.split() == ["process", "state", "pid", "uptime", "restarts", "memory"]
    assert migrate.split() == ["migrate", "done", "-", "-", "0", "-"]
    assert web.split()[:3] == ["web", "up", str(os.getpid())]
    assert web.split()[4] == "3"
    assert web.endswith("MB")


def test_one_process_down_is_exit_code_one(home, capsys):
    running(home, "restarting")
    with home.hold():
        assert status(home) == 1
    assert "restarting" in capsys.readouterr().out


def test_what_telegram_refuses_is_one_sentence_and_exit_code_one(home, capsys):
    running(home, "up")
    home.write("telegram.json", {"problem": "Telegram refuses the token."})
    with home.hold():
        assert status(home) == 0  # the process does not run: what it last said counts for nothing
        facts = home.read("run.json")
        home.write("run.json", {**facts, "processes": {"telegram": facts["processes"]["web"]}})
        assert status(home) == 1
    assert capsys.readouterr().out.endswith("\ntelegram: Telegram refuses the token.\n")


def test_the_run_of_a_dead_supervisor_counts_for_nothing(home, capsys):
    running(home, "up")
    assert status(home) == 1
    assert "not running" in capsys.readouterr().out


def test_a_pid_that_was_given_to_another_process_is_not_the_supervisor(home):
    running(home, "up")
    home.write("run.json", {**home.read("run.json"), "created": 1.0})
    with home.hold():
        assert status(home) == 1


def test_logs_show_the_newest_lines_of_each_process(home, capsys):
    (home.logs / "web.log").write_text("one\ntwo\nthree\n")
    (home.logs / "bots.log").write_text("four\n")
    assert logs(home, None, 2, follow=False) == 0
    assert capsys.readouterr().out.splitlines() == ["bots | four", "web  | two", "web  | three"]
    assert logs(home, "web", 1, follow=False) == 0
    assert capsys.readouterr().out == "three\n"


def test_logs_of_an_unknown_process_name_those_there_are(home):
    (home.logs / "web.log").write_text("")
    with pytest.raises(Refused, match="no log of 'wbe'; there are: web"):
        logs(home, "wbe", 10, follow=False)


def test_following_goes_on_where_it_was_and_over_a_cut(home, capsys):
    path = home.logs / "web.log"
    path.write_text("one\n")
    place = _print_end("web", path, 10, 0)
    with path.open("a") as file:
        file.write("two\n")
    place = _print_new("web", path, place, 0)
    path.write_text("3\n")
    assert _print_new("web", path, place, 0) == 2
    assert capsys.readouterr().out.splitlines() == ["one", "two", "3"]


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0m00s"), (75, "1m15s"), (3_700, "1h01m")])
def test_uptimes_read_well(seconds, text):
    assert _duration(seconds) == text
