"""What developers and CI run: test, check, bench, lock; and manage.py for operators."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autogrid_project.services import place
from autogrid_project.services.errors import Refused
from autogrid_project.services.home import ROOT, Home
from autogrid_project.services.launch import DATABASE, environment_of
from autogrid_project.services.stores import SECRETS, environment, run, running_stores, stores

TEST_SETTINGS = "autogrid_project.settings.test"
CLOUD = {"AUTOGRID_DEPLOYMENT": "cloud"}
CLOUD_TESTS = "billing/tests"
# Of the core alone: measuring everything takes a third longer. `./autogrid test --cov` does.
CORE_COVERAGE = ["--cov=bots/core", "--cov-report=term", "--cov-fail-under=95"]


@contextmanager
def throwaway(database: str, settings: str) -> Iterator[dict[str, str]]:
    """The environment of stores that exist for this command alone, in a home of its own."""
    home = Home(Path(tempfile.mkdtemp(prefix="autogrid-")))
    home.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        with running_stores(home, database=database, durable=False) as urls:
            yield environment(home, urls, settings)
    finally:
        place.forget(home)
        shutil.rmtree(home.path, ignore_errors=True)


def test(arguments: list[str]) -> int:
    """What only the cloud has, then the whole suite with the core's coverage; or what the arguments choose."""
    command = [sys.executable, "-m", "pytest"]
    if not {"-n", "--numprocesses", "--pdb"} & set(arguments):
        # One process more than processors: the tests of whole stacks mostly wait.
        processes = (os.cpu_count() or 1) + 1
        command += ["-n", str(processes), "--dist", "loadscope", "--no-loadscope-reorder"]
    whole = not arguments
    cloud_tests = [*command, "-q", CLOUD_TESTS]
    if whole:
        command += CORE_COVERAGE
    with throwaway("test", TEST_SETTINGS) as env:
        # The generated keys would differ from run to run; settings/test.py has its own.
        for name in SECRETS:
            del env[name]
        # The cloud's first: the last summary that is printed is that of the whole suite.
        cloud = run(cloud_tests, env | CLOUD) if whole else 0
        return run([*command, *arguments], env) or cloud


def bench(arguments: list[str]) -> int:
    demo = {"AUTOGRID_DEMO": str(Home.from_environment().path)}  # for what looks at a running one
    with throwaway("test", TEST_SETTINGS) as env:
        return run([sys.executable, "-m", "benchmarks", *arguments], env | demo)


def manage(home: Home, arguments: list[str]) -> int:
    """manage.py against what runs, or against the stores alone, started for as long as it takes."""
    last = home.read("last.json")
    mode, cloud = last.get("command", "up"), last.get("cloud", False)
    command = [sys.executable, "manage.py", *arguments]
    home.create()
    if home.is_held():
        home.runs = True
        return run(command, environment_of(home, mode, stores(home, database=DATABASE[mode]).urls, cloud))
    with running_stores(home, database=DATABASE[mode], durable=True) as urls:
        return run(command, environment_of(home, mode, urls, cloud))


def lock() -> int:
    uv = str(Path(sys.executable).with_name("uv"))
    # Universal: one lock for every Python from 3.11.0 on (before 3.11.3 redis needs one library more).
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade"]
    options += ["--no-emit-index-url", "--no-annotate", "--no-header"]
    for name in ("requirements", "requirements-dev"):
        command = [uv, "pip", "compile", "-q", *options, f"{name}.in", "-o", f"{name}.txt"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            raise Refused(f"{name}.in could not be resolved.")
    return 0
