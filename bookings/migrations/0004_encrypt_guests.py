"""Encrypts what guests told so far, and takes the same out of the history: it keeps that a detail changed."""

from typing import Any

from django.db import migrations

from core.encrypting import decrypt_columns, encrypt_columns
from core.encryption import index_of_email, index_of_phone

COLUMNS = {name: f"bookings.booking.{name}" for name in ("guest_phone", "guest_email", "notes", "staff_notes")}
INDEXES = {
    "guest_phone_index": ("guest_phone", index_of_phone),
    "guest_email_index": ("guest_email", index_of_email),
}
PERSONAL = ["guest_name", "guest_phone", "guest_email", "notes"]
BATCH = 5000


def encrypt(apps: Any, schema_editor: Any) -> None:
    encrypt_columns(schema_editor.connection, "bookings_booking", COLUMNS, INDEXES)


def decrypt(apps: Any, schema_editor: Any) -> None:
    decrypt_columns(schema_editor.connection, "bookings_booking", COLUMNS)


def forget_in_history(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM bookings_bookinghistory")
        (last,) = cursor.fetchone()
        for after in range(0, last, BATCH):
            cursor.execute(
                """
                UPDATE bookings_bookinghistory SET changes = (
                    SELECT jsonb_object_agg(key, CASE WHEN key = ANY(%s) THEN '{}' ELSE value END)
                    FROM jsonb_each(changes)
                ) WHERE id > %s AND id <= %s AND changes ?| %s
                """,
                [PERSONAL, after, after + BATCH, PERSONAL],
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0003_encrypted_guests")]
    operations = [
        migrations.RunPython(encrypt, decrypt),
        migrations.RunPython(forget_in_history, migrations.RunPython.noop),
    ]
