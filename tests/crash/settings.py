"""Of the worker processes that these tests kill: those of the suite, with its simulator."""

import json
import os

from autogrid_project.settings.base import DATABASES, IDLE_IN_TRANSACTION
from autogrid_project.settings.test import *  # noqa: F403

DATABASES["default"]["OPTIONS"] = {"options": IDLE_IN_TRANSACTION}
EXCHANGE_SIMULATOR = json.loads(os.environ["AUTOGRID_SIMULATOR"])
