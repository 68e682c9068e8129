"""The triggers find entries by their index, whatever the planner thought when the table was small.

A session keeps the plans of its triggers. One that was made on an almost empty table reads all of it for each entry.
"""

from django.db import migrations

BY_INDEX = """
ALTER FUNCTION ledger_entry_in_time() SET enable_seqscan = off;
ALTER FUNCTION ledger_entry_in_time() SET enable_bitmapscan = off;
ALTER FUNCTION ledger_balanced() SET enable_seqscan = off;
ALTER FUNCTION ledger_balanced() SET enable_bitmapscan = off;
ALTER FUNCTION ledger_left() SET enable_seqscan = off;
"""
AS_PLANNED = """
ALTER FUNCTION ledger_left() RESET enable_seqscan;
ALTER FUNCTION ledger_balanced() RESET enable_bitmapscan;
ALTER FUNCTION ledger_balanced() RESET enable_seqscan;
ALTER FUNCTION ledger_entry_in_time() RESET enable_bitmapscan;
ALTER FUNCTION ledger_entry_in_time() RESET enable_seqscan;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]

    operations = [migrations.RunSQL(BY_INDEX, AS_PLANNED)]
