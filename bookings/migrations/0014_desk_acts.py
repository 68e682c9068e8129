import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0013_guest_book'),
        ('restaurants', '0007_forget_places_nobody_chose'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DeskAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.UUIDField(verbose_name='id given by the screen')),
                ('what', models.CharField(max_length=12, verbose_name='what')),
                ('digest', models.CharField(max_length=64, verbose_name='digest of what was asked')),
                ('is_done', models.BooleanField(default=False, verbose_name='done')),
                ('answer', models.JSONField(default=dict, verbose_name='answer')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('restaurant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='restaurants.restaurant')),
            ],
            options={
                'verbose_name': 'act at the desk',
                'verbose_name_plural': 'acts at the desk',
                'ordering': ['-at'],
                'indexes': [models.Index(fields=['at'], name='desk_acts_by_time')],
                'constraints': [models.UniqueConstraint(fields=('restaurant', 'client_id'), name='one_desk_act_per_client_id')],
            },
        ),
    ]
