import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autogrid_project.services import place
from autogrid_project.services.home import Home


@pytest.fixture
def home() -> Iterator[Home]:
    """A home that `nobody` can enter, which pytest's own temporary directories of root are not."""
    made = Home(Path(tempfile.mkdtemp(prefix="autogrid-test-")))
    made.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    made.create()
    yield made
    place.forget(made)
    shutil.rmtree(made.path)
