from django.db import migrations


class Migration(migrations.Migration):
    """Sessions live in Redis; what an older Buka kept of them here is personal data that nobody needs."""

    dependencies = [("core", "0001_outbox_and_idempotency")]

    operations = [
        migrations.RunSQL("DROP TABLE IF EXISTS django_session", migrations.RunSQL.noop),
    ]
