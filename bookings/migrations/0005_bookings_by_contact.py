from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes what has been filled."""

    dependencies = [("bookings", "0004_encrypt_guests")]
    operations = [
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("guest_phone_index", ""), _negated=True),
                fields=["guest_phone_index"],
                name="bookings_by_phone",
            ),
        ),
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("guest_email_index", ""), _negated=True),
                fields=["guest_email_index"],
                name="bookings_by_email",
            ),
        ),
    ]
