"""Encrypts the answers kept from the last day."""

from typing import Any

from django.db import migrations

from core.encrypting import decrypt_columns, encrypt_columns

COLUMNS = {"body": "core.idempotencykey.body"}


def encrypt(apps: Any, schema_editor: Any) -> None:
    encrypt_columns(schema_editor.connection, "core_idempotencykey", COLUMNS)


def decrypt(apps: Any, schema_editor: Any) -> None:
    decrypt_columns(schema_editor.connection, "core_idempotencykey", COLUMNS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("core", "0003_answers_become_text")]
    operations = [migrations.RunPython(encrypt, decrypt)]
