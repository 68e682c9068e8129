"""What keeps receipts: they are never changed nor taken away, and their numbers have no gap.

Plain SQL for the same reason as the ledger's. The payer's name may be written anew: it is encrypted anew with another
key, and emptied once the document need not be kept any longer.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION receipts_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: receipts stay as they were issued', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION receipts_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    OLD.payer_name := NEW.payer_name;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'UPDATE of % is refused: receipts stay as they were issued', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipt_kept BEFORE UPDATE ON payments_receipts_receipt
    FOR EACH ROW EXECUTE FUNCTION receipts_kept();
CREATE TRIGGER receipt_not_deleted BEFORE DELETE ON payments_receipts_receipt
    FOR EACH ROW EXECUTE FUNCTION receipts_refuse();
CREATE TRIGGER receipt_no_truncate BEFORE TRUNCATE ON payments_receipts_receipt
    FOR EACH STATEMENT EXECUTE FUNCTION receipts_refuse();

-- A series goes on by one, and by nothing else.
CREATE FUNCTION receipts_series_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    OLD.last := OLD.last + 1;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'A series of receipts goes on by one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipt_series_kept BEFORE UPDATE ON payments_receipts_series
    FOR EACH ROW EXECUTE FUNCTION receipts_series_kept();
CREATE TRIGGER receipt_series_not_deleted BEFORE DELETE ON payments_receipts_series
    FOR EACH ROW EXECUTE FUNCTION receipts_refuse();
CREATE TRIGGER receipt_series_no_truncate BEFORE TRUNCATE ON payments_receipts_series
    FOR EACH STATEMENT EXECUTE FUNCTION receipts_refuse();

-- Each number of a series is on a receipt: looked at when the transaction ends.
CREATE FUNCTION receipts_no_gap() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM payments_receipts_receipt WHERE series_id = NEW.id AND sequence = NEW.last;
    IF NEW.last > 0 AND NOT FOUND THEN
        RAISE EXCEPTION 'Number % of series % is on no receipt', NEW.last, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'receipts_have_no_gap';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER receipt_series_no_gap AFTER INSERT OR UPDATE ON payments_receipts_series
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION receipts_no_gap();
"""

UNGUARD = """
DROP TRIGGER receipt_series_no_gap ON payments_receipts_series;
DROP TRIGGER receipt_series_no_truncate ON payments_receipts_series;
DROP TRIGGER receipt_series_not_deleted ON payments_receipts_series;
DROP TRIGGER receipt_series_kept ON payments_receipts_series;
DROP TRIGGER receipt_no_truncate ON payments_receipts_receipt;
DROP TRIGGER receipt_not_deleted ON payments_receipts_receipt;
DROP TRIGGER receipt_kept ON payments_receipts_receipt;
DROP FUNCTION receipts_no_gap();
DROP FUNCTION receipts_series_kept();
DROP FUNCTION receipts_kept();
DROP FUNCTION receipts_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("payments_receipts", "0001_receipts")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
