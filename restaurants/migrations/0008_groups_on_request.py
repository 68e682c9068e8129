from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):

    dependencies = [
        ('restaurants', '0007_forget_places_nobody_chose'),
    ]

    operations = [
        migrations.AlterField(
            model_name='bookingpolicy',
            name='max_party_online',
            field=models.PositiveSmallIntegerField(default=8, help_text='Larger groups ask, or are asked to call.', verbose_name='largest party online'),
        ),
        migrations.AddField(
            model_name='bookingpolicy',
            name='max_party_on_request',
            field=models.PositiveSmallIntegerField(default=0, help_text='Larger parties up to this size may ask online, and you decide. 0: they are asked to call.', verbose_name='largest group on request'),
        ),
        migrations.AddConstraint(
            model_name='bookingpolicy',
            constraint=models.CheckConstraint(condition=Q(('max_party_on_request', 0)) | Q(('max_party_on_request__gt', F('max_party_online')), ('max_party_on_request__lte', 400)), name='groups_on_request_are_larger', violation_error_message='A group on request is larger than the largest party online, up to 400.'),
        ),
    ]
