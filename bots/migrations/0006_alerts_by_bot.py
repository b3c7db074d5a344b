from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table is large: nobody shall wait for its index

    dependencies = [("bots", "0005_notices")]

    operations = [
        AddIndexConcurrently(
            model_name="botevent",
            index=models.Index(
                condition=models.Q(("level__in", ["warning", "error"])),
                fields=["bot", "-time"],
                name="bot_events_alerts",
            ),
        ),
    ]
