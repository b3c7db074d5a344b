from django.db import migrations

from billing.migrations._deletion import FOLLOW_USERS


class Migration(migrations.Migration):

    dependencies = [
        ("billing", "0002_movements"),
        ("djstripe", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(FOLLOW_USERS, migrations.RunSQL.noop),
        # dj-stripe kept Stripe's key in plain text: see billing/apps.py.
        migrations.RunSQL("DELETE FROM djstripe_apikey", migrations.RunSQL.noop),
    ]
