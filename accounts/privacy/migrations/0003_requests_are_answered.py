from django.db import migrations, models


class Migration(migrations.Migration):
    """Nobody ever withdrew a request: no page or API offers it."""

    dependencies = [("privacy", "0002_never_emptied")]

    operations = [
        migrations.AlterField(
            model_name="datarequest",
            name="status",
            field=models.CharField(
                choices=[("open", "Open"), ("answered", "Answered"), ("refused", "Refused, with reasons")],
                default="open",
                max_length=10,
                verbose_name="status",
            ),
        ),
    ]
