import os

import pytest

from autogrid_project.services import scripts


@pytest.mark.parametrize(
    ("version", "chosen"),
    [
        ("v20.18.1", "wheel"),
        ("v20.19.0", "node"),
        ("v21.7.3", "wheel"),
        ("v22.13.0", "node"),
        ("v24.1.0", "node"),
    ],
)
def test_a_node_that_is_too_old_for_the_linters_is_left_alone(tmp_path, monkeypatch, version, chosen):
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(scripts, "wheel", lambda program: ["wheel"])
    assert scripts.node() == [chosen]


def test_a_machine_without_node_gets_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(scripts, "wheel", lambda program: ["wheel"])
    assert scripts.node() == ["wheel"]
