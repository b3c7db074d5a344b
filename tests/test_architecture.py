"""The house stays as docs/ARCHITECTURE.md describes it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = [path for path in sorted((ROOT / "bots" / "core").rglob("*.py")) if "tests" not in path.parts]


def test_the_layers_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_has_no_float(path):
    found = [
        f"line {node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
    ]
    assert not found


def test_the_engine_runs_without_django():
    program = "import sys, bots.core.engine; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_the_bots_worker_knows_no_backtests():
    """What they stand on costs a process a hundred megabytes."""
    program = (
        "import django, sys; django.setup(); import bots.runtime.tasks; "
        "sys.exit(bool({'bots.backtest', 'polars', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_the_lock_serves_every_python_from_3_11_on():
    """Debian 12 has 3.11.2: a lock made for a newer patch release alone lacks what that one needs."""
    assert "async-timeout==" in (ROOT / "requirements.txt").read_text()
