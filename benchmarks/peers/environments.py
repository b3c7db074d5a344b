"""An environment of its own for each peer, under the home: nothing of them is among the project's requirements."""

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "backtesting": "backtesting==0.6.6",
    "vectorbt": "vectorbt==1.2.0",
    "hftbacktest": "hftbacktest==2.4.4",
    "nautilus_trader": "nautilus_trader==1.221.0",
}
PATIENCE = 1800  # seconds for one installation


class NotInstalled(Exception):
    """The sentence says why."""


def python_of(name: str, home: Path) -> Path:
    """The interpreter of the peer's environment, made where it is not there. Raises NotInstalled."""
    folder, package = home / "peers" / name, PACKAGES[name]
    python, mark = folder / "bin" / "python", folder / ".installed"
    if mark.exists() and mark.read_text() == package:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    for command in _commands(folder, python, package):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode:
            version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
            raise NotInstalled(f"{package} cannot be installed on {version} here")
    mark.write_text(package)
    return python


def _commands(folder: Path, python: Path, package: str) -> list[list[str]]:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv:
        return [
            [uv, "venv", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--compile-bytecode", "--python", str(python), package],
        ]
    return [[sys.executable, "-m", "venv", str(folder)], [str(python), "-m", "pip", "install", package]]
