from django.db import migrations

import core.encryption


class Migration(migrations.Migration):
    """Kept answers are JSON, and become text that can be encrypted; the next step does it."""

    dependencies = [("core", "0002_sessions_leave_the_database")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql="ALTER TABLE core_idempotencykey ALTER COLUMN body TYPE text USING convert_from(body, 'UTF8')",
                    reverse_sql=(
                        "ALTER TABLE core_idempotencykey ALTER COLUMN body TYPE bytea USING convert_to(body, 'UTF8')"
                    ),
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="idempotencykey",
                    name="body",
                    field=core.encryption.EncryptedTextField(aad="core.idempotencykey.body", blank=True),
                )
            ],
        )
    ]
