"""The embedded Valkey: broker, cache, live events and price bus. No trade is lost with it."""

import signal

import redis

from autogrid_project.services.home import Home
from autogrid_project.services.place import Place

# The password is in this file and not among the arguments, which every user of the machine can list.
SETTINGS = """
bind 127.0.0.1
port {port}
requirepass {password}
dir "{directory}"
databases 64
save {save}
stop-writes-on-bgsave-error no
daemonize no
"""


class Valkey:
    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, home: Home, place: Place, *, durable: bool) -> None:
        self.user = place.user
        self.port = home.port(self.name)
        self._place = place
        self._password = home.secrets()["valkey"]
        self._save = "300 1" if durable else '""'
        self._file = place.directory / "valkey" / "valkey.conf"
        self.argv = [str(place.valkey), str(self._file)]

    def prepare(self) -> None:
        directory = self._place.make_directory("valkey")
        settings = SETTINGS.format(
            port=self.port, password=self._password, directory=directory, save=self._save
        )
        self._place.write_private(self._file, settings)

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(0), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def url(self, database: int) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{database}"
