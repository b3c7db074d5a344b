from django.db import migrations

from billing.migrations._deletion import FOLLOW_USERS


class Migration(migrations.Migration):

    dependencies = [("billing", "0004_crypto")]

    operations = [migrations.RunSQL(FOLLOW_USERS, migrations.RunSQL.noop)]
