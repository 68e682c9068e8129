"""Questions whose answers have to be empty."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from core import invariants
from core.invariants import SHOWN, Invariant, ask, one_moment, sql, table


@pytest.mark.django_db
class TestAsking:
    def test_holds_when_nothing_comes_back(self) -> None:
        (finding,) = ask([Invariant("a.rule", 2, "Nothing.", sql("SELECT 1 AS one WHERE false"))])

        assert finding.holds
        assert table([finding])[0].startswith("  2  a.rule")
        assert "holds" in table([finding])[0]

    def test_names_the_rows_that_break_it(self) -> None:
        (finding,) = ask([Invariant("a.rule", 0, "No numbers.", sql("SELECT 7 AS number, 'x' AS word"))])

        lines = table([finding])
        assert not finding.holds
        assert "BROKEN by 1" in lines[0]
        assert "a.rule: No numbers." in lines
        assert "  number=7, word=x" in lines

    def test_shows_some_of_many(self) -> None:
        (finding,) = ask([Invariant("a.rule", 0, "None.", sql("SELECT generate_series(1, 1000) AS number"))])

        assert finding.count == f"{SHOWN}+"
        assert sum("number=" in line for line in table([finding])) == SHOWN


@pytest.mark.django_db(transaction=True)
def test_one_moment_is_one_snapshot_and_writes_nothing() -> None:
    with one_moment(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("repeatable read", "0")
        with pytest.raises(DatabaseError, match="read-only"):
            cursor.execute("CREATE TABLE of_no_use ()")
        connection.needs_rollback = True


@pytest.mark.django_db
class TestTheCommand:
    def test_asks_what_the_apps_list(self) -> None:
        out = StringIO()

        call_command("check_invariants", stdout=out)

        names = [each.name for each in invariants.invariants()]
        assert names
        assert all(name in out.getvalue() for name in names)
        assert f"All {len(names)} hold." in out.getvalue()

    def test_asks_some_alone(self) -> None:
        name = invariants.invariants()[0].name
        out = StringIO()

        call_command("check_invariants", name, stdout=out)

        assert "All 1 hold." in out.getvalue()

    def test_says_when_there_is_no_such_rule(self) -> None:
        with pytest.raises(CommandError, match="No invariant is called nonsense"):
            call_command("check_invariants", "nonsense")
