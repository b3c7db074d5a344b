import base64
import json
import socket
import stat
import subprocess
import sys

import pytest

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import ROOT, Home, port_is_free


def test_secrets_are_made_once_and_only_their_owner_reads_them(home):
    made = home.secrets()
    assert home.secrets() == made
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600
    assert len(made["DJANGO_SECRET_KEY"]) >= 50
    key_id, _, key = made["AUTOGRID_ENCRYPTION_KEYS"].partition(":")
    assert key_id == "k1"
    assert len(base64.b64decode(key)) == 32


def test_two_homes_share_no_secret(home, tmp_path):
    other = Home(tmp_path)
    other.create()
    assert not set(home.secrets().values()) & set(other.secrets().values())


def test_a_port_is_remembered_while_it_is_free(home):
    port = home.port("postgres")
    assert home.port("postgres") == port
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", port))
        taker.listen()
        assert not port_is_free(port)
        joining = Home(home.path)
        joining.runs = True
        assert joining.port("postgres") == port
        assert home.port("postgres") != port


def test_a_half_written_file_counts_as_none(home):
    (home.path / "run.json").write_text('{"pid": 1')
    assert home.read("run.json") == {}


def test_only_one_supervisor_holds_a_home(home):
    with home.hold():
        assert home.is_held()
        with pytest.raises(Refused, match="already running"):
            home.hold()
    assert not home.is_held()


def test_the_hold_ends_with_a_killed_holder(home):
    program = (
        "import sys, pathlib; from autogrid_project.services.home import Home;"
        f"held = Home(pathlib.Path({str(home.path)!r})).hold(); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    assert home.is_held()
    holder.kill()
    holder.communicate()
    assert not home.is_held()


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text(json.dumps({}))
    with pytest.raises(Refused, match="cannot be made"):
        Home(tmp_path / "file" / "home").create()


def test_only_its_owner_may_touch_the_lock(home):
    (home.path / "lock").touch(mode=0o666)
    with home.hold():
        assert stat.S_IMODE((home.path / "lock").stat().st_mode) == 0o600
        assert home.is_held()
