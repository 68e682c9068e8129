"""Encrypts what claimants told so far."""

from typing import Any

from django.db import migrations

from core.encrypting import decrypt_columns, encrypt_columns
from core.encryption import index_of_phone

COLUMNS = {"phone": "restaurants.listingclaim.phone", "proof": "restaurants.listingclaim.proof"}


def encrypt(apps: Any, schema_editor: Any) -> None:
    encrypt_columns(
        schema_editor.connection, "restaurants_listingclaim", COLUMNS, {"phone_index": ("phone", index_of_phone)}
    )


def decrypt(apps: Any, schema_editor: Any) -> None:
    decrypt_columns(schema_editor.connection, "restaurants_listingclaim", COLUMNS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("restaurants", "0002_encrypted_claims")]
    operations = [migrations.RunPython(encrypt, decrypt)]
