"""ESLint and Prettier over the pages' scripts. Only `check` needs them: they are fetched when it first runs, and when
the lock changes."""

import hashlib
import subprocess
import sys

from autogrid_project.services.assets import npm_ci, wheel
from autogrid_project.services.home import ROOT

MODULES = ROOT / "node_modules"
FETCHED = MODULES / ".with-linters"  # npm empties the directory whenever it fetches anew
LINTERS = (
    ("eslint/bin/eslint.js", "--max-warnings=0", "static/js", "eslint.config.mjs"),
    ("prettier/bin/prettier.cjs", "--check", "--log-level=warn", "static/js", "eslint.config.mjs"),
)
# ESLint runs on 20.19, 22.13 and later ones.
OLDEST = {20: 19, 22: 13}


def fetch() -> None:
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not FETCHED.is_file() or FETCHED.read_text() != lock:
        npm_ci(ROOT, "--silent")
        FETCHED.write_text(lock)


def node() -> list[str]:
    """The machine's, where ESLint runs on it, or else the wheel's."""
    try:
        told = subprocess.check_output(("node", "--version"), text=True)  # noqa: S607 - of the PATH
    except (FileNotFoundError, subprocess.CalledProcessError):
        return wheel("node")
    major, minor = (int(part) for part in told.removeprefix("v").split(".")[:2])
    return ["node"] if major > max(OLDEST) or minor >= OLDEST.get(major, minor + 1) else wheel("node")


def main() -> int:
    fetch()
    program = node()
    codes = [
        subprocess.run([*program, str(MODULES / linter), *words], cwd=ROOT, check=False).returncode
        for linter, *words in LINTERS
    ]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"autogrid: {error}")
