
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0006_partner_in_history'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='bookinghistory',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;", hash='85f415cad0eaf8866fee9014a42d93b66676617c', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_1037e', table='bookings_bookinghistory', when='BEFORE')),
        ),
    ]
