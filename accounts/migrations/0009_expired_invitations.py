from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_membership_history")]

    operations = [
        migrations.RemoveConstraint(model_name="invitation", name="invitation_status_is_known"),
        migrations.AlterField(
            model_name="invitation",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting for an answer"),
                    ("accepted", "Accepted"),
                    ("declined", "Declined"),
                    ("revoked", "Taken back"),
                    ("expired", "Run out"),
                ],
                default="pending",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "accepted", "declined", "revoked", "expired"])),
                name="invitation_status_is_known",
            ),
        ),
    ]
