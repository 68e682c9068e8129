from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restaurants', '0005_suggested_times_and_large_tables'),
    ]

    operations = [
        migrations.AlterField(
            model_name='table',
            name='x',
            field=models.FloatField(blank=True, null=True, verbose_name='x'),
        ),
        migrations.AlterField(
            model_name='table',
            name='y',
            field=models.FloatField(blank=True, null=True, verbose_name='y'),
        ),
    ]
