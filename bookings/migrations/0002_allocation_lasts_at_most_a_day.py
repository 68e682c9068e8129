from django.db import migrations


class Migration(migrations.Migration):
    """Availability looks back one day for rows that reach into it; no row may be longer, empty or unbounded."""

    dependencies = [("bookings", "0001_bookings")]

    operations = [
        migrations.RunSQL(
            sql="""
                ALTER TABLE bookings_tableallocation ADD CONSTRAINT allocation_lasts_at_most_a_day CHECK (
                    NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
                    AND upper(during) - lower(during) <= interval '24 hours'
                    AND upper(during) IS NOT NULL AND lower(during) IS NOT NULL
                )
            """,
            reverse_sql="ALTER TABLE bookings_tableallocation DROP CONSTRAINT allocation_lasts_at_most_a_day",
        ),
    ]
