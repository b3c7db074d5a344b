"""One file per process that only grows: compressed, flushed before each transaction, bounded in days and bytes.

A file begins with nothing of the one before it. `page` counts them, so that every engine writes down its whole state
before its first line in each: a file can be read without the others, and the oldest may go at any time.
"""

import errno
import logging
import os
import time
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

logger = logging.getLogger(__name__)
SUFFIX = ".tape.gz"
MEGABYTE = 2**20
DAY = 86_400.0
FILE_SHARE = 8  # a file ends at this part of what all may take
AGAIN = 60.0  # seconds after a failure
LEVEL = 4


class Tape:
    """Belongs to one event loop. What fails here is said in the log and never reaches who trades."""

    def __init__(self, folder: Path, *, days: int, megabytes: int) -> None:
        self.folder, self.days, self.most = folder, days, megabytes * MEGABYTE
        self.page = 0
        self._file = -1
        self._waiting: list[bytes] = []
        self._written = 0
        self._opened_at = 0.0
        self._failed_at: float | None = None
        self._open()

    def write(self, line: bytes) -> None:
        """Kept until the next `flush`."""
        if self._file >= 0:
            self._waiting.append(line)

    def flush(self) -> None:
        """What was written is the kernel's then: it outlives this process, however that ends."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        self._append(b"\n".join(waiting) + b"\n")

    def tidy(self) -> None:
        """Called once a second."""
        now = time.time()
        self.flush()
        if self._failed_at is not None and now - self._failed_at > AGAIN:
            self._open()
        elif self._file >= 0 and (
            self._written > self.most // FILE_SHARE or now // DAY > self._opened_at // DAY
        ):
            self.turn()

    def turn(self) -> None:
        """The next line begins a new file."""
        self.close()
        self._open()

    def close(self) -> None:
        self.flush()
        if self._file >= 0:
            with suppress(OSError):
                os.write(self._file, self._packer.flush())
            self._leave()

    # The files

    def _open(self) -> None:
        self._failed_at, self._written, self._opened_at = None, 0, time.time()
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}{SUFFIX}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            forget(self.folder, self.days, self.most)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
            self._file = os.open(self.folder / name, flags, 0o600)
        except OSError as error:
            return self._fail(error)
        self._packer = zlib.compressobj(LEVEL, wbits=31)
        self.page += 1
        return None

    def _append(self, data: bytes) -> None:
        packed = self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        try:
            if os.write(self._file, packed) < len(packed):
                raise OSError(errno.ENOSPC, "no space left")
            self._written += len(packed)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        logger.warning("recording_failed", extra={"reason": error.strerror})
        self._leave()
        self._failed_at = time.time()

    def _leave(self) -> None:
        """Of a file that is not whole nobody reads more than what is whole in it."""
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
        self._file, self._waiting = -1, []


def forget(folder: Path, days: int, most: int) -> None:
    """Deletes what is older than `days`, then the oldest until the rest takes at most `most` bytes."""
    now = time.time()
    kept = 0
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        with suppress(OSError):  # another process tidies as well
            found = path.stat()
            kept += found.st_size
            if now - found.st_mtime > days * DAY or kept > most:
                path.unlink()
