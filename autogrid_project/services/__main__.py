"""The commands of ./autogrid, once its environment is ready."""

import argparse
import os
import sys

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import Home


def main(arguments: list[str]) -> int:
    os.umask(0o022)  # what is secret says so itself; `nobody` must be able to read the copied programs
    command, *rest = arguments
    try:
        return _run(command, rest)
    except Refused as error:
        print(f"autogrid: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(command: str, rest: list[str]) -> int:
    home = Home.from_environment()
    if command in {"test", "check", "bench", "lock", "manage", "screenshots"}:
        return _develop(command, home, rest)
    from autogrid_project.services import launch, status

    options = _parser().parse_args([command, *rest])
    if command == "down":
        return launch.down(home)
    if command == "status":
        return status.status(home)
    if command == "logs":
        return status.logs(home, options.process, options.lines, follow=not options.no_follow)
    return launch.start(home, options)


def _develop(command: str, home: Home, rest: list[str]) -> int:
    from autogrid_project.services import check, develop

    if command == "check":
        return check.check()
    if command == "lock":
        return develop.lock()
    if command == "manage":
        return develop.manage(home, rest)
    if command == "screenshots":
        from autogrid_project.services.screenshots import screenshots

        return screenshots(home, rest)
    return develop.test(rest) if command == "test" else develop.bench(rest)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./autogrid")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "demo"):
        start = commands.add_parser(name)
        start.add_argument("--detach", action="store_true", help="return when everything is up")
        start.add_argument("--port", type=_port, help="of the pages and the API (default 8000)")
        if name == "demo":
            start.add_argument("--cloud", action="store_true", help="plans, limits and a stand-in for Stripe")
            start.add_argument("--speed", type=float, default=1.0, help="of the simulated market (default 1)")
    parser.set_defaults(cloud=False)
    commands.add_parser("down")
    commands.add_parser("status")
    logs = commands.add_parser("logs")
    logs.add_argument("process", nargs="?")
    logs.add_argument("-n", "--lines", type=int, default=20, help="to begin with (default 20)")
    logs.add_argument("--no-follow", action="store_true")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_534:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65534")
    return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
