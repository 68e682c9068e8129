

import core.encryption
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0011_rearrangements'),
        ('restaurants', '0004_price_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QueueEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('guest_name', models.CharField(blank=True, max_length=100, verbose_name='name')),
                ('guest_phone', core.encryption.EncryptedTextField(aad='bookings.queueentry.guest_phone', blank=True, max_length=16, verbose_name='phone')),
                ('guest_phone_index', core.encryption.BlindIndexField(kind='phone', of='guest_phone')),
                ('language', models.CharField(default='en', max_length=10, verbose_name='language')),
                ('status', models.CharField(choices=[('queued', 'Waiting at the door'), ('notified', 'Called to the table'), ('seated', 'Seated'), ('left', 'Left the queue'), ('removed', 'Taken from the queue')], default='queued', max_length=10, verbose_name='status')),
                ('party_size', models.PositiveSmallIntegerField(verbose_name='party size')),
                ('service_day', models.DateField(verbose_name='service day')),
                ('ahead_on_joining', models.PositiveSmallIntegerField(default=0, verbose_name='parties ahead on joining')),
                ('quoted_low', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='told on joining, from (minutes)')),
                ('quoted_high', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='told on joining, up to (minutes)')),
                ('current_low', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='now from (minutes)')),
                ('current_high', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='now up to (minutes)')),
                ('requoted_at', models.DateTimeField(blank=True, null=True, verbose_name='told anew')),
                ('joined_at', models.DateTimeField(verbose_name='joined')),
                ('notified_at', models.DateTimeField(blank=True, null=True, verbose_name='called')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('request_key', models.UUIDField(blank=True, editable=False, null=True)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('area', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='restaurants.area', verbose_name='area asked for')),
                ('booking', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.booking', verbose_name='seated as')),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='restaurants.restaurant', verbose_name='restaurant')),
            ],
            options={
                'verbose_name': 'party in the queue',
                'verbose_name_plural': 'queue',
                'ordering': ['joined_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='QueueHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('actor_kind', models.CharField(choices=[('diner', 'Diner'), ('staff', 'Staff'), ('partner', 'Partner app'), ('system', 'Buka itself')], max_length=10, verbose_name='as')),
                ('channel', models.CharField(choices=[('web', 'Website'), ('api', 'Partner app'), ('admin', "Restaurant's desk"), ('phone', 'Telephone'), ('whatsapp', 'WhatsApp or Instagram'), ('walk_in', 'Walk-in'), ('system', 'Buka itself')], max_length=10, verbose_name='through')),
                ('from_status', models.CharField(blank=True, choices=[('queued', 'Waiting at the door'), ('notified', 'Called to the table'), ('seated', 'Seated'), ('left', 'Left the queue'), ('removed', 'Taken from the queue')], max_length=10, verbose_name='from')),
                ('to_status', models.CharField(choices=[('queued', 'Waiting at the door'), ('notified', 'Called to the table'), ('seated', 'Seated'), ('left', 'Left the queue'), ('removed', 'Taken from the queue')], max_length=10, verbose_name='to')),
                ('changes', models.JSONField(blank=True, default=dict, verbose_name='changes')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='history', to='bookings.queueentry')),
            ],
            options={
                'verbose_name': 'entry of the queue’s history',
                'verbose_name_plural': 'history of the queue',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='StandbyEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('guest_name', models.CharField(max_length=100, verbose_name='name')),
                ('guest_phone', core.encryption.EncryptedTextField(aad='bookings.standbyentry.guest_phone', blank=True, max_length=16, verbose_name='phone')),
                ('guest_phone_index', core.encryption.BlindIndexField(kind='phone', of='guest_phone')),
                ('guest_email', core.encryption.EncryptedTextField(aad='bookings.standbyentry.guest_email', blank=True, max_length=254, verbose_name='e-mail address')),
                ('guest_email_index', core.encryption.BlindIndexField(kind='email', of='guest_email')),
                ('language', models.CharField(default='en', max_length=10, verbose_name='language')),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('offered', 'Offered a table'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('lapsed', 'Not answered in time'), ('withdrawn', 'Left the list'), ('closed', 'Closed: the time has come')], default='waiting', max_length=10, verbose_name='status')),
                ('channel', models.CharField(choices=[('web', 'Website'), ('api', 'Partner app'), ('admin', "Restaurant's desk"), ('phone', 'Telephone'), ('whatsapp', 'WhatsApp or Instagram'), ('walk_in', 'Walk-in'), ('system', 'Buka itself')], max_length=10, verbose_name='taken through')),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'Before others'), (2, 'In turn'), (3, 'After others')], default=2, verbose_name='class')),
                ('party_size', models.PositiveSmallIntegerField(verbose_name='party size')),
                ('service_day', models.DateField(verbose_name='service day')),
                ('earliest', models.DateTimeField(verbose_name='from')),
                ('latest', models.DateTimeField(help_text='The latest time at which the party would still start.', verbose_name='until')),
                ('offered_at', models.DateTimeField(blank=True, null=True, verbose_name='offered')),
                ('offer_expires_at', models.DateTimeField(blank=True, null=True, verbose_name='offer ends')),
                ('joined_at', models.DateTimeField(auto_now_add=True, verbose_name='joined')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('areas', models.ManyToManyField(blank=True, help_text='Empty: anywhere.', related_name='+', to='restaurants.area', verbose_name='areas')),
                ('booking', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.booking', verbose_name='table offered')),
                ('diner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='restaurants.restaurant', verbose_name='restaurant')),
            ],
            options={
                'verbose_name': 'place on the waiting list',
                'verbose_name_plural': 'waiting list',
                'ordering': ['service_day', 'priority', 'joined_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='StandbyHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('actor_kind', models.CharField(choices=[('diner', 'Diner'), ('staff', 'Staff'), ('partner', 'Partner app'), ('system', 'Buka itself')], max_length=10, verbose_name='as')),
                ('channel', models.CharField(choices=[('web', 'Website'), ('api', 'Partner app'), ('admin', "Restaurant's desk"), ('phone', 'Telephone'), ('whatsapp', 'WhatsApp or Instagram'), ('walk_in', 'Walk-in'), ('system', 'Buka itself')], max_length=10, verbose_name='through')),
                ('from_status', models.CharField(blank=True, choices=[('waiting', 'Waiting'), ('offered', 'Offered a table'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('lapsed', 'Not answered in time'), ('withdrawn', 'Left the list'), ('closed', 'Closed: the time has come')], max_length=10, verbose_name='from')),
                ('to_status', models.CharField(choices=[('waiting', 'Waiting'), ('offered', 'Offered a table'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('lapsed', 'Not answered in time'), ('withdrawn', 'Left the list'), ('closed', 'Closed: the time has come')], max_length=10, verbose_name='to')),
                ('changes', models.JSONField(blank=True, default=dict, verbose_name='changes')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='history', to='bookings.standbyentry')),
            ],
            options={
                'verbose_name': 'entry of the waiting list’s history',
                'verbose_name_plural': 'history of the waiting list',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='FreeTimeAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('guest_name', models.CharField(blank=True, max_length=100, verbose_name='name')),
                ('guest_phone', core.encryption.EncryptedTextField(aad='bookings.freetimealert.guest_phone', blank=True, max_length=16, verbose_name='phone')),
                ('guest_phone_index', core.encryption.BlindIndexField(kind='phone', of='guest_phone')),
                ('guest_email', core.encryption.EncryptedTextField(aad='bookings.freetimealert.guest_email', blank=True, max_length=254, verbose_name='e-mail address')),
                ('guest_email_index', core.encryption.BlindIndexField(kind='email', of='guest_email')),
                ('language', models.CharField(default='en', max_length=10, verbose_name='language')),
                ('party_size', models.PositiveSmallIntegerField(verbose_name='party size')),
                ('service_day', models.DateField(verbose_name='service day')),
                ('earliest', models.DateTimeField(verbose_name='from')),
                ('latest', models.DateTimeField(verbose_name='until')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='told')),
                ('told_of', models.DateTimeField(blank=True, null=True, verbose_name='told of')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='since')),
                ('diner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='restaurants.restaurant', verbose_name='restaurant')),
            ],
            options={
                'verbose_name': 'wish to be told of a free time',
                'verbose_name_plural': 'wishes to be told of a free time',
                'ordering': ['service_day', 'pk'],
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['restaurant', 'service_day'], name='alerts_of_a_service_day'), models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['latest'], name='alerts_by_latest'), models.Index(condition=models.Q(('diner__isnull', False)), fields=['diner'], name='alerts_of_a_diner')],
                'constraints': [models.UniqueConstraint(fields=('public_id',), name='alert_public_id_is_unique'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), models.Q(('guest_phone_index', ''), _negated=True)), fields=('restaurant', 'service_day', 'guest_phone_index'), name='one_alert_per_phone_and_day'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), models.Q(('guest_email_index', ''), _negated=True)), fields=('restaurant', 'service_day', 'guest_email_index'), name='one_alert_per_email_and_day'), models.CheckConstraint(condition=models.Q(('latest__gte', models.F('earliest'))), name='alert_range_has_an_order'), models.CheckConstraint(condition=models.Q(('party_size__range', (1, 400))), name='alert_party_size_is_believable')],
            },
        ),
        migrations.AddIndex(
            model_name='queueentry',
            index=models.Index(fields=['restaurant', 'service_day', 'joined_at'], name='queue_of_a_service_day'),
        ),
        migrations.AddIndex(
            model_name='queueentry',
            index=models.Index(condition=models.Q(('status__in', ['notified', 'queued'])), fields=['restaurant', 'joined_at'], name='queue_as_it_stands'),
        ),
        migrations.AddConstraint(
            model_name='queueentry',
            constraint=models.UniqueConstraint(fields=('public_id',), name='queue_public_id_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='queueentry',
            constraint=models.UniqueConstraint(condition=models.Q(('request_key__isnull', False)), fields=('request_key',), name='one_queue_entry_per_request_key'),
        ),
        migrations.AddConstraint(
            model_name='queueentry',
            constraint=models.CheckConstraint(condition=models.Q(('party_size__range', (1, 400))), name='queue_party_size_is_believable'),
        ),
        migrations.AddConstraint(
            model_name='queueentry',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'notified', 'seated', 'left', 'removed'])), name='queue_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='queueentry',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['notified', 'queued']), ('ended_at__isnull', False), _connector='OR'), name='who_is_out_of_the_queue_has_an_end'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='queuehistory',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;", hash='c4d2b91bd727e9db264363a83e89a9af3e520ef2', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_d752d', table='bookings_queuehistory', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['restaurant', 'service_day', 'priority', 'joined_at'], name='standby_in_fair_order'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(fields=['restaurant', 'service_day', 'joined_at'], name='standby_of_a_service_day'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['latest'], name='standby_by_latest'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('status', 'offered')), fields=['offer_expires_at'], name='offers_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('diner__isnull', False)), fields=['diner', '-earliest'], name='standby_of_a_diner'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('guest_email_index', ''), _negated=True), fields=['guest_email_index'], name='standby_by_email'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.UniqueConstraint(fields=('public_id',), name='standby_public_id_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.UniqueConstraint(condition=models.Q(('diner__isnull', False), ('status__in', ['offered', 'waiting'])), fields=('restaurant', 'service_day', 'diner'), name='one_place_per_diner_and_day'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['offered', 'waiting']), models.Q(('guest_phone_index', ''), _negated=True)), fields=('restaurant', 'service_day', 'guest_phone_index'), name='one_place_per_phone_and_day'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['offered', 'waiting']), models.Q(('guest_email_index', ''), _negated=True)), fields=('restaurant', 'service_day', 'guest_email_index'), name='one_place_per_email_and_day'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.CheckConstraint(condition=models.Q(('latest__gte', models.F('earliest'))), name='standby_range_has_an_order'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.CheckConstraint(condition=models.Q(('party_size__range', (1, 400))), name='standby_party_size_is_believable'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'offered', 'accepted', 'declined', 'lapsed', 'withdrawn', 'closed'])), name='standby_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='standbyentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'offered'), _negated=True), ('offer_expires_at__isnull', False), _connector='OR'), name='an_offer_has_an_expiry'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='standbyhistory',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;", hash='de78af6615196bbffbcbe77a2e95e95dbf1c0a43', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_2055d', table='bookings_standbyhistory', when='BEFORE')),
        ),
    ]
