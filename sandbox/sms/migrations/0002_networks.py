from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandbox_sms", "0001_texts")]

    operations = [
        migrations.AddField(
            model_name="text",
            name="network",
            field=models.CharField(
                choices=[("africastalking", "Africa’s Talking"), ("twilio", "Twilio")],
                default="africastalking",
                max_length=20,
            ),
        ),
    ]
