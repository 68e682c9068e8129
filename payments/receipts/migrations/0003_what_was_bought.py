from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments_receipts", "0002_kept_as_issued")]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="items",
            field=models.JSONField(blank=True, db_default=[], default=list, verbose_name="what was bought"),
        ),
    ]
