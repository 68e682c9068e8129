"""What keeps the audit append-only: the database itself refuses, whoever asks and by whatever way.

Only what has served its time may go: events up to a checkpoint, and a checkpoint can only be set on a seal that is
two years old. Names are qualified with the table's own schema, so that a temporary table of the same name is no
way round.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION audit_event_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    NEW.tx := pg_current_xact_id()::text::bigint;
    NEW.era := (SELECT system_identifier FROM pg_control_system());
    EXECUTE format('SELECT number, left(digest, 16) FROM %I.audit_auditseal ORDER BY number DESC LIMIT 1',
        TG_TABLE_SCHEMA) INTO NEW.after_seal, NEW.after_digest;
    NEW.after_seal := coalesce(NEW.after_seal, 0);
    NEW.after_digest := coalesce(NEW.after_digest, '');
    RETURN NEW;
END $$;
CREATE TRIGGER audit_event_stamp BEFORE INSERT ON audit_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_event_stamp();
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE FUNCTION audit_event_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE has_served boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %1$I.audit_auditseal s WHERE s.era = $1 AND (s.last_tx, s.last_id) >= ($2, $3)'
        ' AND s.number <= (SELECT max(seal_number) FROM %1$I.audit_auditcheckpoint))', TG_TABLE_SCHEMA)
        INTO has_served USING OLD.era, OLD.tx, OLD.id;
    IF NOT has_served THEN
        RAISE EXCEPTION 'DELETE of % is refused: the audit is append-only', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_event_delete();

CREATE FUNCTION audit_seal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE has_served boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF abs(extract(epoch FROM NEW.at - clock_timestamp())) > 300 THEN
            RAISE EXCEPTION 'A seal bears the time at which it is made'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    -- The one change: digests of single events go when the events themselves have gone.
    EXECUTE format('SELECT coalesce($1 <= max(seal_number), false) FROM %I.audit_auditcheckpoint', TG_TABLE_SCHEMA)
        INTO has_served USING OLD.number;
    IF NOT has_served OR NEW.leaves <> ''::bytea OR (NEW.id, NEW.number, NEW.at, NEW.era, NEW.last_tx, NEW.last_id,
            NEW.rows, NEW.rows_digest, NEW.previous, NEW.digest) IS DISTINCT FROM (OLD.id, OLD.number, OLD.at,
            OLD.era, OLD.last_tx, OLD.last_id, OLD.rows, OLD.rows_digest, OLD.previous, OLD.digest) THEN
        RAISE EXCEPTION 'UPDATE of % is refused: the audit is append-only', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_seal_guard BEFORE INSERT OR UPDATE ON audit_auditseal
    FOR EACH ROW EXECUTE FUNCTION audit_seal_guard();
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_auditseal
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE FUNCTION audit_checkpoint_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE is_old boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %I.audit_auditseal WHERE number = $1 AND digest = $2'
        ' AND at < clock_timestamp() - interval ''24 months'')', TG_TABLE_SCHEMA)
        INTO is_old USING NEW.seal_number, NEW.seal_digest;
    IF NOT is_old THEN
        RAISE EXCEPTION 'A checkpoint names a seal that is at least 24 months old'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER audit_checkpoint_guard BEFORE INSERT ON audit_auditcheckpoint
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_guard();
CREATE TRIGGER audit_checkpoint_no_change BEFORE UPDATE OR DELETE ON audit_auditcheckpoint
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_checkpoint_no_truncate BEFORE TRUNCATE ON audit_auditcheckpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

UNGUARD = """
DROP TRIGGER audit_checkpoint_no_truncate ON audit_auditcheckpoint;
DROP TRIGGER audit_checkpoint_no_change ON audit_auditcheckpoint;
DROP TRIGGER audit_checkpoint_guard ON audit_auditcheckpoint;
DROP TRIGGER audit_seal_no_truncate ON audit_auditseal;
DROP TRIGGER audit_seal_no_delete ON audit_auditseal;
DROP TRIGGER audit_seal_guard ON audit_auditseal;
DROP TRIGGER audit_event_no_delete ON audit_auditevent;
DROP TRIGGER audit_event_no_truncate ON audit_auditevent;
DROP TRIGGER audit_event_no_update ON audit_auditevent;
DROP TRIGGER audit_event_stamp ON audit_auditevent;
DROP FUNCTION audit_checkpoint_guard();
DROP FUNCTION audit_seal_guard();
DROP FUNCTION audit_event_delete();
DROP FUNCTION audit_event_stamp();
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_audit")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
