from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_messages_by_recipient")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="carrier",
            field=models.CharField(blank=True, db_default="", default="", max_length=20, verbose_name="carrier"),
        ),
    ]
