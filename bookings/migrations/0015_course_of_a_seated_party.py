from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0014_desk_acts'),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='course',
            field=models.CharField(blank=True, choices=[('', 'Just seated'), ('starter', 'Starters'), ('main', 'Main course'), ('dessert', 'Dessert'), ('bill', 'Bill on the table'), ('paid', 'Paid')], default='', max_length=8, verbose_name='course'),
        ),
    ]
