from io import StringIO

import yaml
from django.core.management import call_command
from rest_framework.test import APIClient

from bots.api.serializers import BotSerializer
from bots.tests.test_bot_lists import FILL, ORDER


def test_the_schema_is_made_without_a_warning(db):
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_it_describes_every_address_of_bots(db):
    schema = yaml.safe_load(APIClient().get("/api/v1/schema").content)
    bot = "/api/v1/bots/{bot_id}"
    assert {"get", "post"} <= set(schema["paths"]["/api/v1/bots"])
    assert {"get", "patch", "delete"} <= set(schema["paths"][bot])
    for name in ("start", "stop", "pause", "kill", "reset"):
        assert "post" in schema["paths"][f"{bot}/{name}"]
    for name in ("orders", "fills", "fills.csv", "events", "levels", "equity", "stats"):
        assert "get" in schema["paths"][f"{bot}/{name}"]
    assert "post" in schema["paths"]["/api/v1/kill-switch"]
    objects = schema["components"]["schemas"]
    assert list(objects["Order"]["properties"]) == ORDER.split()
    assert list(objects["Fill"]["properties"]) == FILL.split()
    assert objects["Bot"]["properties"]["equity"]["type"] == "string"
    assert set(objects["Bot"]["properties"]) == set(BotSerializer().fields)
