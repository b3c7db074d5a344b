"""The settings of the suite, with Telegram where the benchmark says."""

import os

from autogrid_project.settings.test import *  # noqa: F403

AUTOGRID_TELEGRAM_TOKEN = os.environ["AUTOGRID_TELEGRAM_TOKEN"]
AUTOGRID_TELEGRAM_API = os.environ["AUTOGRID_TELEGRAM_URL"]
