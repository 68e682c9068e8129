from django.db import migrations, models

import core.encryption


class Migration(migrations.Migration):
    """Makes room for what claimants tell of themselves, encrypted; the next step fills it."""

    dependencies = [("restaurants", "0001_restaurants")]
    operations = [
        migrations.AlterField(
            model_name="listingclaim",
            name="phone",
            field=core.encryption.EncryptedTextField(
                aad="restaurants.listingclaim.phone", max_length=16, verbose_name="phone"
            ),
        ),
        migrations.AddField(
            model_name="listingclaim",
            name="phone_index",
            field=core.encryption.BlindIndexField(kind="phone", of="phone"),
        ),
        migrations.AlterField(
            model_name="listingclaim",
            name="proof",
            field=core.encryption.EncryptedTextField(
                aad="restaurants.listingclaim.proof", max_length=1000, verbose_name="how we can check it"
            ),
        ),
        migrations.AddIndex(
            model_name="listingclaim", index=models.Index(fields=["phone_index"], name="claims_by_phone")
        ),
    ]
