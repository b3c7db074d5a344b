import json

import pytest

from autogrid_project.services.assets import FILES, ROOT, copy
from autogrid_project.services.errors import Refused


def test_every_file_comes_from_a_locked_package_without_a_download_address():
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for source in FILES:
        assert any(source.startswith(name.removeprefix("node_modules/") + "/") for name in lock if name), (
            source
        )
    for name, package in lock.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"], name


def test_a_file_that_npm_did_not_bring_is_named(tmp_path):
    with pytest.raises(Refused, match=next(iter(FILES)).split("/")[0]):
        copy(tmp_path)


def test_the_files_land_in_the_vendor_directory(tmp_path):
    for source in FILES:
        path = tmp_path / "node_modules" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    copy(tmp_path)
    for source, target in FILES.items():
        assert (tmp_path / "static" / "vendor" / target).read_text() == source
