"""Self-hosted, billing is not there: no app, no page, no line on a page, and no stripe module in any process."""

import json
import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings

SELF_HOSTED = settings.AUTOGRID_DEPLOYMENT == "self_hosted"
# The last two are large: who sends a message, or draws, loads them.
WATCHED = ("stripe", "djstripe", "billing.models", "telegram", "matplotlib")
START = """
import json, sys, django
django.setup()
import autogrid_project.asgi, autogrid_project.celery, autogrid_project.urls
from django.urls import get_resolver
get_resolver().url_patterns
autogrid_project.celery.app.loader.import_default_modules()
print(json.dumps([name for name in %r if name in sys.modules]))
"""


def test_a_self_hosted_process_imports_nothing_of_stripe_nor_of_telegram():
    env = {**os.environ, "AUTOGRID_DEPLOYMENT": "self_hosted"}
    command = [sys.executable, "-c", START % (WATCHED,)]
    found = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == []


@pytest.mark.skipif(not SELF_HOSTED, reason="of self-hosted deployments")
def test_self_hosted_there_is_no_page_and_no_line_of_billing(client, alice):
    assert not apps.is_installed("billing")
    client.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/billing/").status_code == 404
    for path in ("/bots/", "/keys/", "/account/"):
        text = client.get(path).content.decode().lower()
        assert "billing" not in text
        assert "free plan" not in text
