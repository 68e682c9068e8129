import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0023_allergies_told_with'),
        ('restaurants', '0009_special_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='QuoteStretch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stretch', models.FloatField()),
                ('parties', models.PositiveIntegerField(default=0)),
                ('learned_at', models.DateTimeField(auto_now=True)),
                ('restaurant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='restaurants.restaurant')),
            ],
            options={
                'verbose_name': 'learned stretch of waits',
                'verbose_name_plural': 'learned stretches of waits',
                'constraints': [models.CheckConstraint(condition=models.Q(('stretch__gt', 0)), name='waits_are_stretched_by_more_than_nothing')],
            },
        ),
    ]
