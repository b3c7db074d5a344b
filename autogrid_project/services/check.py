"""`./autogrid check`: everything CI asks short of the tests. All steps run, two at a time; one line each."""

import base64
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autogrid_project.services.home import ROOT

STEPS = {
    "types": ("mypy", "."),  # takes longest; the others run beside it
    "scripts": ("python", "-m", "autogrid_project.services.scripts"),
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "layers": ("lint-imports", "--no-logo"),
    "migrations": ("python", "manage.py", "makemigrations", "--check", "--dry-run"),
    "cloud": ("python", "manage.py", "makemigrations", "--check", "--dry-run"),
    "deploy": ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
}


def check() -> int:
    with ThreadPoolExecutor(2) as both:
        passed = dict(zip(STEPS, both.map(_passes, STEPS, STEPS.values()), strict=True))
    failed = [name for name in STEPS if not passed[name]]
    if failed:
        print(f"\n{len(failed)} of {len(STEPS)} failed: {', '.join(failed)}")
    return 1 if failed else 0


def _passes(name: str, command: tuple[str, ...]) -> bool:
    began = time.monotonic()
    settings = "production" if name == "deploy" else "test"
    done = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=ROOT, env=_environment(settings, name == "cloud"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    passed = done.returncode == 0
    line = f"{name:<11} {'ok' if passed else 'FAILED':<6} {time.monotonic() - began:5.1f} s"
    print(line if passed else f"{line}\n{(done.stdout + done.stderr).strip()}\n", flush=True)
    return passed


def _environment(settings: str, cloud: bool = False) -> dict[str, str]:
    """No step connects to anything; production's are made up, as good as generated ones."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "DJANGO_SETTINGS_MODULE": f"autogrid_project.settings.{settings}",
        "DJANGO_SECRET_KEY": os.urandom(40).hex(),
        "CRYPTOGRAPHY_KEY": os.urandom(40).hex(),
        "AUTOGRID_ENCRYPTION_KEYS": "k1:" + base64.b64encode(os.urandom(32)).decode(),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "AUTOGRID_HOSTS": "autogrid.example",
        "AUTOGRID_DEPLOYMENT": "cloud" if cloud else "self_hosted",
    }
