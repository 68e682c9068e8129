"""What keeps the books: the database itself refuses to change them, or to take in what does not balance.

Plain SQL as for the audit, because what django-pgtrigger makes can be switched off for a session by a setting that
anybody may set. The path is pinned, so that a temporary table of the same name is no way round.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the books are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledger_account_kept BEFORE UPDATE OR DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_no_truncate BEFORE TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_transaction_kept BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_transaction_no_truncate BEFORE TRUNCATE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entry_kept BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- When a row is written, and in which transaction, nobody else says.
CREATE FUNCTION ledger_transaction_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.recorded_at := transaction_timestamp();
    NEW.tx := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_transaction_stamp BEFORE INSERT ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_transaction_stamp();

-- Entries are written together with their transaction. Numbers of transactions count anew in a restored database, so
-- the moment is compared as well. xmin would not do: within a savepoint it is another number.
CREATE FUNCTION ledger_entry_in_time() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM ledger_transaction WHERE id = NEW.transaction_id
        AND tx = pg_current_xact_id()::text::bigint AND recorded_at = transaction_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'An entry for % comes too late: it is written together with its transaction, or never',
            NEW.transaction_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_comes_with_its_transaction';
    END IF;
    -- The last entry has the highest number: the check at the end relies on it.
    IF (SELECT id FROM ledger_entry WHERE transaction_id = NEW.transaction_id ORDER BY id DESC LIMIT 1) >= NEW.id THEN
        RAISE EXCEPTION 'Entries of % are numbered in the order in which they come', NEW.transaction_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_comes_in_order';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_in_time BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_in_time();

CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_transaction uuid;
    entries bigint;
    off numeric;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entry' THEN
        of_transaction := NEW.transaction_id;
        -- The last one checks for all of them.
        IF (SELECT id FROM ledger_entry WHERE transaction_id = of_transaction ORDER BY id DESC LIMIT 1) > NEW.id THEN
            RETURN NULL;
        END IF;
    ELSE
        of_transaction := NEW.id;
    END IF;
    SELECT coalesce(sum(n), 0), coalesce(max(abs(total)), 0) INTO entries, off FROM (
        SELECT count(*) AS n, sum(e.amount_kobo) AS total
        FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
        WHERE e.transaction_id = of_transaction GROUP BY a.currency
    ) AS sums;
    IF entries < 2 THEN
        RAISE EXCEPTION 'Ledger transaction % has fewer than two entries', of_transaction
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_has_two_entries';
    END IF;
    IF off <> 0 THEN
        RAISE EXCEPTION 'Ledger transaction % is off by %', of_transaction, off
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transaction_sums_to_zero';
    END IF;
    RETURN NULL;
END $$;
-- The first finds a transaction without entries, the second one that got more after somebody had it checked early.
CREATE CONSTRAINT TRIGGER ledger_transaction_balanced AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();

-- Two who ask for money back at once do not see each other's rows. The second waits here until the first is decided.
CREATE FUNCTION ledger_left() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    left_kobo numeric;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger.payment:' || NEW.payment_id::text, 0));
    SELECT coalesce(sum(e.amount_kobo), 0) INTO left_kobo
    FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_account a ON a.id = e.account_id
    WHERE t.payment_id = NEW.payment_id
        AND a.kind IN ('gateway_clearing', 'gateway_fees', 'refunds_pending', 'disputes_pending');
    IF left_kobo < 0 THEN
        RAISE EXCEPTION 'Ledger transaction % would give back % more than came', NEW.id, -left_kobo
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_returns_no_more_than_came';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transaction_left AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.payment_id IS NOT NULL AND NEW.kind = 'refund_asked')
    EXECUTE FUNCTION ledger_left();
"""

UNGUARD = """
DROP TRIGGER ledger_transaction_left ON ledger_transaction;
DROP TRIGGER ledger_entry_balanced ON ledger_entry;
DROP TRIGGER ledger_transaction_balanced ON ledger_transaction;
DROP TRIGGER ledger_entry_in_time ON ledger_entry;
DROP TRIGGER ledger_transaction_stamp ON ledger_transaction;
DROP TRIGGER ledger_entry_no_truncate ON ledger_entry;
DROP TRIGGER ledger_entry_kept ON ledger_entry;
DROP TRIGGER ledger_transaction_no_truncate ON ledger_transaction;
DROP TRIGGER ledger_transaction_kept ON ledger_transaction;
DROP TRIGGER ledger_account_no_truncate ON ledger_account;
DROP TRIGGER ledger_account_kept ON ledger_account;
DROP FUNCTION ledger_left();
DROP FUNCTION ledger_balanced();
DROP FUNCTION ledger_entry_in_time();
DROP FUNCTION ledger_transaction_stamp();
DROP FUNCTION ledger_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_ledger")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
