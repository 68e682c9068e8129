
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0016_running_late'),
        ('partners', '0001_partner_apps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Advance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('awaited', 'Awaited'), ('received', 'Received'), ('lapsed', 'Not awaited any more'), ('applied', 'Taken off the bill'), ('owed_back', 'Owed back'), ('kept', 'Kept by the house'), ('returned', 'Paid back')], default='awaited', editable=False, max_length=10, verbose_name='state')),
                ('amount_kobo', models.PositiveBigIntegerField(verbose_name='asked for (kobo)')),
                ('received_kobo', models.PositiveBigIntegerField(default=0, verbose_name='received (kobo)')),
                ('returned_kobo', models.PositiveBigIntegerField(default=0, verbose_name='paid back (kobo)')),
                ('due_at', models.DateTimeField(help_text='A table that is held for it is given back then.', verbose_name='due')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='since')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last change')),
                ('booking', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='advance', to='bookings.booking', verbose_name='booking')),
            ],
            options={
                'verbose_name': 'deposit',
                'verbose_name_plural': 'deposits',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='AdvanceHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('actor_kind', models.CharField(choices=[('diner', 'Diner'), ('staff', 'Staff'), ('partner', 'Partner app'), ('system', 'Buka itself')], max_length=10, verbose_name='as')),
                ('channel', models.CharField(choices=[('web', 'Website'), ('api', 'Partner app'), ('admin', "Restaurant's desk"), ('phone', 'Telephone'), ('whatsapp', 'WhatsApp or Instagram'), ('walk_in', 'Walk-in'), ('system', 'Buka itself')], max_length=10, verbose_name='through')),
                ('from_state', models.CharField(blank=True, choices=[('awaited', 'Awaited'), ('received', 'Received'), ('lapsed', 'Not awaited any more'), ('applied', 'Taken off the bill'), ('owed_back', 'Owed back'), ('kept', 'Kept by the house'), ('returned', 'Paid back')], max_length=10, verbose_name='from')),
                ('to_state', models.CharField(choices=[('awaited', 'Awaited'), ('received', 'Received'), ('lapsed', 'Not awaited any more'), ('applied', 'Taken off the bill'), ('owed_back', 'Owed back'), ('kept', 'Kept by the house'), ('returned', 'Paid back')], max_length=10, verbose_name='to')),
                ('amount_kobo', models.PositiveBigIntegerField(verbose_name='asked for then (kobo)')),
                ('received_kobo', models.PositiveBigIntegerField(default=0, verbose_name='received (kobo)')),
                ('returned_kobo', models.PositiveBigIntegerField(default=0, verbose_name='paid back (kobo)')),
                ('reference', models.CharField(blank=True, max_length=100, verbose_name='reference')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('advance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='history', to='bookings.advance', verbose_name='deposit')),
                ('partner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='partners.partnerapp', verbose_name='partner app')),
            ],
            options={
                'verbose_name': "entry of a deposit's history",
                'verbose_name_plural': 'history of deposits',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='advance',
            index=models.Index(condition=models.Q(('state__in', ['awaited', 'owed_back'])), fields=['due_at'], name='advances_to_be_settled'),
        ),
        migrations.AddConstraint(
            model_name='advance',
            constraint=models.CheckConstraint(condition=models.Q(('booking__isnull', False)), name='an_advance_is_for_something'),
        ),
        migrations.AddConstraint(
            model_name='advance',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['awaited', 'received', 'lapsed', 'applied', 'owed_back', 'kept', 'returned'])), name='advance_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='advance',
            constraint=models.CheckConstraint(condition=models.Q(('returned_kobo__lte', models.F('received_kobo'))), name='no_more_is_paid_back_than_came'),
        ),
        migrations.AddConstraint(
            model_name='advance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'lapsed'), _negated=True), ('received_kobo', models.F('returned_kobo')), _connector='OR'), name='a_lapsed_advance_holds_no_money'),
        ),
        migrations.AddConstraint(
            model_name='advancehistory',
            constraint=models.UniqueConstraint(condition=models.Q(('received_kobo__gt', 0), models.Q(('reference', ''), _negated=True)), fields=('advance', 'reference'), name='money_of_one_reference_is_received_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='advancehistory',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;", hash='db042b1c4407631fd5eb7269e6958f3cd9cece34', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_a61db', table='bookings_advancehistory', when='BEFORE')),
        ),
    ]
