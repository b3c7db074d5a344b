import io
import os
import pickle
from pathlib import Path

import pytest

from bots.core.ids import bot_prefix
from bots.recording.pages import Unreadable, _Thawer
from bots.recording.reader import _is_whole, _whole_lines
from bots.recording.tape import MEGABYTE, Tape, forget


def made(folder: Path, days: int = 7, megabytes: int = 1) -> Tape:
    return Tape(folder, days=days, megabytes=megabytes)


def lines(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.iterdir()) for line in _whole_lines(path)]


def test_what_was_flushed_is_read_though_the_process_is_gone(tmp_path: Path) -> None:
    tape = made(tmp_path)
    tape.write(b"one")
    tape.flush()
    tape.write(b"two")
    [path] = tmp_path.iterdir()
    assert lines(tmp_path) == [b"one"]
    assert not _is_whole(path)
    tape.close()
    assert lines(tmp_path) == [b"one", b"two"]
    assert _is_whole(path)


def test_a_torn_line_is_cut(tmp_path: Path) -> None:
    tape = made(tmp_path)
    for number in range(2000):
        tape.write(os.urandom(8).hex().encode() + str(number).encode())
        tape.flush()
    [path] = tmp_path.iterdir()
    whole = lines(tmp_path)
    path.write_bytes(path.read_bytes()[:-500])
    torn = lines(tmp_path)
    assert torn == whole[: len(torn)]
    assert len(whole) - 60 < len(torn) < len(whole)
    tape.close()


def test_a_full_file_makes_room_for_the_next_and_the_oldest_go(tmp_path: Path) -> None:
    tape = made(tmp_path)
    for _ in range(30):
        tape.write(os.urandom(MEGABYTE // 10).hex().encode())
        tape.flush()
        tape.tidy()
    tape.close()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 3
    assert sum(sizes) <= MEGABYTE * 1.4
    assert tape.page > len(sizes)


def test_old_files_go(tmp_path: Path) -> None:
    old, new = tmp_path / "1.tape.gz", tmp_path / "2.tape.gz"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    forget(tmp_path, days=7, most=MEGABYTE)
    assert list(tmp_path.iterdir()) == [new]


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tape = made(tmp_path / "file")
    tape.write(b"lost")
    tape.flush()
    tape.tidy()
    tape.close()
    assert tape.page == 0


def test_a_disk_that_is_full_ends_the_file_and_a_later_one_begins_anew(tmp_path: Path) -> None:
    tape = made(tmp_path)
    os.close(tape._file)
    tape._file = os.open("/dev/full", os.O_WRONLY)
    tape.write(b"lost")
    tape.flush()
    tape.write(b"lost too")
    tape.tidy()
    assert tape._failed_at is not None
    tape._failed_at -= 100
    tape.tidy()
    assert tape.page == 2
    tape.write(b"kept")
    tape.close()
    assert lines(tmp_path) == [b"kept"]


def test_a_page_can_make_nothing_but_values_of_the_core(tmp_path: Path) -> None:
    for evil in (os.system, bot_prefix, Tape):
        with pytest.raises(Unreadable):
            _Thawer(io.BytesIO(pickle.dumps(evil)), {}).load()
