"""These need the app `billing`, which only the cloud installs: AUTOGRID_DEPLOYMENT=cloud pytest billing/tests/cloud."""

from django.conf import settings

if settings.AUTOGRID_DEPLOYMENT != "cloud":
    collect_ignore_glob = ["test_*.py"]
else:
    from billing.tests.cloud.rig import *  # noqa: F403
