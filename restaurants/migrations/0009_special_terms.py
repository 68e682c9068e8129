
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('restaurants', '0008_groups_on_request'),
    ]

    operations = [
        migrations.CreateModel(
            name='SpecialTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As you speak of it: Friday nights, Large tables.', max_length=60, verbose_name='name')),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Where several fit, the lowest number holds.', verbose_name='order')),
                ('from_party', models.PositiveSmallIntegerField(default=1, verbose_name='from a party of')),
                ('to_party', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='up to a party of')),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')]), blank=True, default=list, size=None, verbose_name='weekdays')),
                ('starts_from', models.TimeField(blank=True, null=True, verbose_name='starting from')),
                ('starts_before', models.TimeField(blank=True, null=True, verbose_name='starting before')),
                ('deposit_kobo_per_guest', models.PositiveBigIntegerField(default=0, verbose_name='deposit a head (kobo)')),
                ('deposit_kobo_per_party', models.PositiveBigIntegerField(default=0, verbose_name='deposit a party (kobo)')),
                ('minimum_spend_kobo_per_guest', models.PositiveBigIntegerField(default=0, verbose_name='minimum spend a head (kobo)')),
                ('minimum_spend_kobo_per_party', models.PositiveBigIntegerField(default=0, verbose_name='minimum spend a table (kobo)')),
                ('free_cancellation_hours', models.PositiveSmallIntegerField(blank=True, help_text='Empty: as in the policy.', null=True, verbose_name='free cancellation (hours before)')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='what diners should know')),
            ],
            options={
                'verbose_name': 'special terms',
                'verbose_name_plural': 'special terms',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='bookingpolicy',
            name='deposit_due',
            field=models.CharField(choices=[('at_the_house', 'At the house'), ('before', 'Before the visit')], db_default='at_the_house', default='at_the_house', help_text='Before the visit: an online booking is held until the deposit has come.', max_length=12, verbose_name='the deposit is due'),
        ),
        migrations.AddField(
            model_name='bookingpolicy',
            name='deposit_instructions',
            field=models.TextField(blank=True, db_default='', default='', help_text='The guest reads it while the table is held: your account, and what to write with the transfer.', max_length=500, verbose_name='how the deposit is paid'),
        ),
        migrations.AddField(
            model_name='bookingpolicy',
            name='deposit_minutes',
            field=models.PositiveSmallIntegerField(db_default=45, default=45, help_text='Longer than a bank transfer may take: some accounts for one transfer live 30 minutes.', verbose_name='a table is held for its deposit (minutes)'),
        ),
        migrations.AddConstraint(
            model_name='bookingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('deposit_due__in', ['at_the_house', 'before'])), name='deposit_is_due_at_a_known_time'),
        ),
        migrations.AddConstraint(
            model_name='bookingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('deposit_minutes__range', (5, 4320))), name='deposit_is_waited_for_five_minutes_to_three_days', violation_error_message='A table is held for its deposit for at least 5 minutes and at most 3 days.'),
        ),
        migrations.AddField(
            model_name='specialterms',
            name='area',
            field=models.ForeignKey(blank=True, help_text='For guests who ask for this area.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='special_terms', to='restaurants.area', verbose_name='area'),
        ),
        migrations.AddField(
            model_name='specialterms',
            name='restaurant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='special_terms', to='restaurants.restaurant', verbose_name='restaurant'),
        ),
        migrations.AddField(
            model_name='specialterms',
            name='special_day',
            field=models.ForeignKey(blank=True, help_text='On this day only.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='special_terms', to='restaurants.specialday', verbose_name='special day'),
        ),
        migrations.AddConstraint(
            model_name='specialterms',
            constraint=models.CheckConstraint(condition=models.Q(('from_party__range', (1, 400)), models.Q(('to_party__isnull', True), models.Q(('to_party__gte', models.F('from_party')), ('to_party__lte', 400)), _connector='OR')), name='special_terms_party_sizes_make_a_range', violation_error_message='The largest party is at least the smallest.'),
        ),
        migrations.AddConstraint(
            model_name='specialterms',
            constraint=models.CheckConstraint(condition=models.Q(('weekdays__contained_by', [0, 1, 2, 3, 4, 5, 6])), name='special_terms_weekdays_are_days'),
        ),
        migrations.AddConstraint(
            model_name='specialterms',
            constraint=models.CheckConstraint(condition=models.Q(('starts_from__isnull', True), ('starts_before__isnull', True), models.Q(('starts_from', models.F('starts_before')), _negated=True), _connector='OR'), name='special_terms_times_differ', violation_error_message='The two times are the same: nothing starts between them.'),
        ),
        migrations.AddConstraint(
            model_name='specialterms',
            constraint=models.CheckConstraint(condition=models.Q(('deposit_kobo_per_guest__lte', 1000000000000), ('deposit_kobo_per_party__lte', 1000000000000), ('minimum_spend_kobo_per_guest__lte', 1000000000000), ('minimum_spend_kobo_per_party__lte', 1000000000000)), name='special_terms_amounts_are_believable'),
        ),
    ]
