"""$AUTOGRID_HOME: what one AutoGrid keeps between starts, and who holds it now."""

import base64
import fcntl
import json
import os
import secrets
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from autogrid_project.services.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
# Below the range the kernel hands to outgoing connections, so that a remembered port stays free.
PORT_RANGE = range(20_000, 32_000)


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.runs = False  # set by who only joins what runs already: its ports are taken, by itself

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("AUTOGRID_HOME") or ROOT / ".autogrid"))

    def create(self) -> None:
        # Root's services run as `nobody`, who must be able to walk through, though not to look around.
        try:
            self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            for private in (self.logs, self.path / "mail"):
                private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Refused(f"AUTOGRID_HOME {self.path} cannot be made: {error.strerror}.") from None

    # --- what is remembered ---

    def read(self, name: str) -> dict[str, Any]:
        try:
            stored = json.loads((self.path / name).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Replaces the file whole: a reader sees the old or the new, never half."""
        with tempfile.NamedTemporaryFile("w", dir=self.path, prefix=f".{name}.", delete=False) as file:
            json.dump(value, file, indent=2)
        os.replace(file.name, self.path / name)

    def secrets(self) -> dict[str, str]:
        """Made at the first start and never printed; whoever holds this file can read every stored key."""
        path = self.path / "secrets.json"
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=self.path, prefix=".secrets.", delete=False) as file:
                json.dump(_new_secrets(), file, indent=2)
            # Linking, unlike renaming, fails where another start was first: its secrets then hold.
            with suppress(FileExistsError):
                os.link(file.name, path)
            os.unlink(file.name)
        made = self.read("secrets.json")
        if missing := {name: value for name, value in _new_secrets().items() if name not in made}:
            made |= missing  # a home of an earlier version
            self.write("secrets.json", made)
        return made

    def port(self, name: str) -> int:
        """The port a service had last time where it is still free, otherwise a new one, remembered."""
        ports = self.read("ports.json")
        if not (self.runs and name in ports) and not port_is_free(ports.get(name, 0)):
            taken = set(ports.values())
            choices = (secrets.choice(PORT_RANGE) for _ in range(1000))
            ports[name] = next(port for port in choices if port not in taken and port_is_free(port))
            self.write("ports.json", ports)
        port: int = ports[name]
        return port

    # --- who holds it ---

    def hold(self) -> IO[str]:
        """Makes the caller this home's only supervisor, until it closes the file or dies."""
        file = open(self.path / "lock", "a", opener=_private)  # noqa: SIM115 - its holder closes it
        os.fchmod(file.fileno(), 0o600)  # one of an earlier version was everybody's to lock
        for _ in range(20):  # `is_held` of another command may have the lock for an instant
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            time.sleep(0.02)
        file.close()
        raise Refused(f"another AutoGrid is already running in {self.path}.")

    def is_held(self) -> bool:
        try:
            with (self.path / "lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _new_secrets() -> dict[str, str]:
    return {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "CRYPTOGRAPHY_KEY": secrets.token_urlsafe(50),
        "AUTOGRID_ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "postgres": secrets.token_hex(24),
        "valkey": secrets.token_hex(24),
    }


def port_is_free(port: int) -> bool:
    if not port:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
