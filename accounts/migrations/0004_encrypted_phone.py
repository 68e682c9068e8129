from django.db import migrations, models

import core.encryption


class Migration(migrations.Migration):
    """Makes room for the encrypted number and its index; the next step fills them."""

    dependencies = [("accounts", "0003_addresses_known_so_far")]
    operations = [
        migrations.AlterField(
            model_name="user",
            name="phone",
            field=core.encryption.EncryptedTextField(
                aad="accounts.user.phone",
                blank=True,
                help_text="International form, +234…",
                max_length=16,
                verbose_name="phone",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="phone_index",
            field=core.encryption.BlindIndexField(kind="phone", of="phone"),
        ),
        migrations.AddField(
            model_name="user",
            name="phone_verified_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="phone verified"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("phone_index", ""), _negated=True), fields=["phone_index"], name="people_by_phone"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                condition=models.Q(("phone_verified_at__isnull", False)),
                fields=("phone_index",),
                name="a_verified_phone_is_one_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("phone_verified_at__isnull", True), models.Q(("phone_index", ""), _negated=True), _connector="OR"
                ),
                name="a_verified_phone_is_there",
            ),
        ),
    ]
