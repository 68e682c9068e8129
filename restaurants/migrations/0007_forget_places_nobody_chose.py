from django.db import migrations


def forget(apps, schema_editor):
    """A table in the very corner was put there by the field's default, and lies under all the others there."""
    apps.get_model('restaurants', 'Table').objects.filter(x=0, y=0).update(x=None, y=None)


class Migration(migrations.Migration):

    dependencies = [
        ('restaurants', '0006_tables_without_a_place'),
    ]

    operations = [
        # Backwards the schema fills in the default again.
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
