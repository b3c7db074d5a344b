"""The process table: one for `./autogrid up`, `./autogrid demo` and docker-compose.yml."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """`command` holds {placeholders}; `grace` is how long it may take to end, in seconds."""

    name: str
    command: str
    needs: tuple[str, ...] = ("migrate",)
    once: bool = False
    demo: bool = False
    cloud: bool = False  # of the cloud's demo alone
    telegram: bool = False  # where there is a token for it, and in the demo
    grace: float = 10

    def argv(self, **values: object) -> list[str]:
        """The command with its placeholders filled word by word, so that a path may hold blanks."""
        return [word.format(**values) for word in self.command.split()]


# Gossip, mingle and heartbeats let workers know of each other over the broker; ours share only the database.
_QUIET = "--without-gossip --without-mingle --without-heartbeat --loglevel INFO"

PROCESSES = (
    Process(
        "simulator",
        "python -m exchanges.simulator --home {home}/simulator --port {simulator_port}"
        " --control-port {control_port} --speed {speed}",
        needs=(),
        demo=True,
    ),
    Process(
        "stripe",
        "python -m tests.fakes.stripe --port {stripe_port} --state {home}/stripe.json"
        " --webhook http://127.0.0.1:{port}/billing/webhook/",
        needs=(),
        demo=True,
        cloud=True,
    ),
    Process("chat", "python -m tests.fakes.telegram --port {chat_port}", needs=(), demo=True),
    Process(
        "nowpayments",
        "python -m tests.fakes.nowpayments --port {nowpayments_port} --state {home}/nowpayments.json",
        needs=(),
        demo=True,
        cloud=True,
    ),
    Process(
        "migrate", "python -m autogrid_project.prepare", needs=("postgres", "valkey"), once=True, grace=60
    ),
    Process("web", "daphne -v 0 -b {bind} -p {port} autogrid_project.asgi:application"),
    Process(
        "bots",
        "celery -A autogrid_project worker -Q bots -n bots@%h --pool threads --concurrency {bot_threads}"
        f" --prefetch-multiplier 1 {_QUIET}",
        needs=("migrate", "simulator"),
        grace=30,
    ),
    Process(
        "worker",
        "celery -A autogrid_project worker -Q celery -n worker@%h --pool threads --concurrency 4"
        f" --prefetch-multiplier 1 {_QUIET}",
        needs=("migrate", "simulator"),
    ),
    Process(
        "beat",
        "celery -A autogrid_project beat --scheduler django_celery_beat.schedulers:DatabaseScheduler"
        " --pidfile= --loglevel INFO",
    ),
    Process("collector", "python manage.py run_collector", needs=("migrate", "simulator")),
    Process(
        "shop",
        "python manage.py publish_plans",
        needs=("migrate", "stripe"),
        once=True,
        demo=True,
        cloud=True,
    ),
    Process("seed", "python manage.py seed_demo", needs=("migrate", "simulator"), once=True, demo=True),
    # Last: nobody waits for it.
    Process("telegram", "python manage.py run_telegram", needs=("migrate", "seed", "chat"), telegram=True),
)


def table(*, demo: bool, cloud: bool = False, telegram: bool = False) -> list[Process]:
    return [
        each
        for each in PROCESSES
        if (demo or not each.demo) and (cloud or not each.cloud) and (telegram or demo or not each.telegram)
    ]


def bot_threads(bots: int) -> int:
    """Threads of a worker that may hold this many bots; the margin keeps room for tasks that refuse a bot."""
    return bots + 50
