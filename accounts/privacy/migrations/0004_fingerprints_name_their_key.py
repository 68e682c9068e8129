from django.db import migrations, models


class Migration(migrations.Migration):
    """Older entries name none: which key they were made with nobody noted."""

    dependencies = [("privacy", "0003_requests_are_answered")]

    operations = [
        migrations.AddField(
            model_name="erased",
            name="key_name",
            field=models.CharField(
                blank=True, default="", max_length=16, verbose_name="key of the fingerprint"
            ),
        ),
    ]
