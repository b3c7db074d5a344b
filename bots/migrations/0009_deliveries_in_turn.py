from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table is large: nobody shall wait for its indexes

    dependencies = [("bots", "0008_who_has_a_delivery_in_hand")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["channel", "priority", "created_at", "next_try_at"],
                name="deliveries_in_turn",
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["recipient"], name="deliveries_to_come"
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="deliveries_waiting"),
    ]
