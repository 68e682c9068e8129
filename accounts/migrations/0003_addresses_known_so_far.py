"""Addresses that people already sign in with count as theirs: from here on a new one has to be verified first."""

from typing import Any

from django.db import migrations


def take_over(apps: Any, schema_editor: Any) -> None:
    address = apps.get_model("account", "EmailAddress")
    people = apps.get_model("accounts", "User").objects.filter(emailaddress__isnull=True)
    address.objects.bulk_create(
        (
            address(user_id=pk, email=email, verified=True, primary=True)
            for pk, email in people.values_list("pk", "email").iterator()
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_membership"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
