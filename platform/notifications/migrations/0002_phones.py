from django.db import migrations, models

import core.encryption


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="phone",
            field=core.encryption.EncryptedTextField(
                aad="notifications.message.phone", blank=True, default="", verbose_name="phone"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="provider_reference",
            field=models.CharField(blank=True, default="", max_length=100, verbose_name="provider's number"),
        ),
        migrations.AddField(
            model_name="message",
            name="sms_text",
            field=core.encryption.EncryptedTextField(
                aad="notifications.message.sms_text", blank=True, default="", verbose_name="text message"
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="body_text",
            field=models.TextField(blank=True, verbose_name="text"),
        ),
        migrations.AlterField(
            model_name="message",
            name="channel",
            field=models.CharField(
                choices=[("email", "E-mail"), ("sms", "SMS")], default="email", max_length=10, verbose_name="channel"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "sms"), _negated=True),
                    models.Q(("body_html", ""), ("body_text", ""), ("recipient__regex", "^[0-9a-f]{64}$")),
                    _connector="OR",
                ),
                name="message_to_a_phone_is_sealed",
            ),
        ),
    ]
