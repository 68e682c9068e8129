"""Encrypts the numbers people gave so far."""

from typing import Any

from django.db import migrations

from core.encrypting import decrypt_columns, encrypt_columns
from core.encryption import index_of_phone

COLUMNS = {"phone": "accounts.user.phone"}


def encrypt(apps: Any, schema_editor: Any) -> None:
    encrypt_columns(schema_editor.connection, "accounts_user", COLUMNS, {"phone_index": ("phone", index_of_phone)})


def decrypt(apps: Any, schema_editor: Any) -> None:
    decrypt_columns(schema_editor.connection, "accounts_user", COLUMNS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0004_encrypted_phone")]
    operations = [migrations.RunPython(encrypt, decrypt)]
