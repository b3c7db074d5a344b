"""`./autogrid bench [name]`: each benchmark prints a table, then the same as one line of JSON."""

import argparse
import importlib
import sys

NAMES = ("backtest", "browser", "crash", "engine", "notices", "pages", "plans", "sockets")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./autogrid bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, help="only this one")
    chosen, rest = parser.parse_known_args()
    for name in (chosen.name,) if chosen.name else NAMES:
        importlib.import_module(f"benchmarks.{name}").main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
