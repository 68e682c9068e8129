from django.db import migrations

# The numbers begin where those of the published samples are, so that no two kinds of rows look alike.
FIRST = {"transaction": 8415006, "refund": 75923, "chargeback": 1390, "subaccount": 2181, "settlement": 41748, "transfer": 396432, "customer": 2362222}


def begin(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for name, first in FIRST.items():
            table = apps.get_model("sandbox_flutterwave", name)._meta.db_table
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, first - 1])


class Migration(migrations.Migration):

    dependencies = [
        ("sandbox_flutterwave", "0001_books"),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
