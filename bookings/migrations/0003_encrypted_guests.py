from django.db import migrations

import core.encryption


class Migration(migrations.Migration):
    """Makes room for encrypted details and their indexes; the next step fills them."""

    dependencies = [("bookings", "0002_allocation_lasts_at_most_a_day")]
    operations = [
        migrations.AlterField(
            model_name="booking",
            name="guest_phone",
            field=core.encryption.EncryptedTextField(
                aad="bookings.booking.guest_phone", blank=True, max_length=16, verbose_name="phone"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="guest_phone_index",
            field=core.encryption.BlindIndexField(kind="phone", of="guest_phone"),
        ),
        migrations.AlterField(
            model_name="booking",
            name="guest_email",
            field=core.encryption.EncryptedTextField(
                aad="bookings.booking.guest_email", blank=True, max_length=254, verbose_name="e-mail address"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="guest_email_index",
            field=core.encryption.BlindIndexField(kind="email", of="guest_email"),
        ),
        migrations.AlterField(
            model_name="booking",
            name="notes",
            field=core.encryption.EncryptedTextField(
                aad="bookings.booking.notes", blank=True, max_length=500, verbose_name="wishes"
            ),
        ),
        migrations.AlterField(
            model_name="booking",
            name="staff_notes",
            field=core.encryption.EncryptedTextField(
                aad="bookings.booking.staff_notes", blank=True, max_length=500, verbose_name="notes of the house"
            ),
        ),
    ]
