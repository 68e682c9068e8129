
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('privacy', '0001_personal_data'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;", hash='832906ac7576b9f409cf715dd691d99c0fadd69a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_6770e', table='privacy_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erased',
            trigger=pgtrigger.compiler.Trigger(name='unchanged', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b89e8407ac80965a32a8f4f049627309cb3accf2', operation='UPDATE', pgid='pgtrigger_unchanged_c0de6', table='privacy_erased', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erased',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;", hash='b6ad99bfee1c763f15c2661d38164a35773e348c', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_23e83', table='privacy_erased', when='BEFORE')),
        ),
    ]
