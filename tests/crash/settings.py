"""Of the worker processes that these tests kill: those of the suite, with its simulator."""

import json
import os

from autogrid_project.settings.test import *  # noqa: F403

EXCHANGE_SIMULATOR = json.loads(os.environ["AUTOGRID_SIMULATOR"])
