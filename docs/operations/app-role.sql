-- What the role of web and workers may do. Run by the role that owns the tables, after every migration:
--
--     psql "$OWNERS_DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f docs/operations/app-role.sql
--
-- Made once before: CREATE ROLE buka_app LOGIN PASSWORD '…';

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO buka_app;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM buka_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO buka_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO buka_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM buka_app;

-- The audit trail. Events go by retention, up to a checkpoint; then the seals lose their lists of them.
REVOKE UPDATE ON audit_auditevent FROM buka_app;
REVOKE UPDATE, DELETE ON audit_auditseal, audit_auditcheckpoint FROM buka_app;
GRANT UPDATE (leaves) ON audit_auditseal TO buka_app;

-- Histories of rows: triggers write them, nobody else.
REVOKE UPDATE, DELETE ON accounts_membershiphistory, restaurants_dishpricehistory FROM buka_app;
REVOKE UPDATE, DELETE ON payments_paymentrowhistory, payments_refundrowhistory, payments_disputerowhistory FROM buka_app;
REVOKE UPDATE, DELETE ON bookings_feerowhistory FROM buka_app;

-- Consents are taken back once and lose their addresses; the list of the forgotten goes by retention.
REVOKE UPDATE, DELETE ON privacy_consent FROM buka_app;
GRANT UPDATE (withdrawn_at, withdrawn_door, withdrawn_address, address) ON privacy_consent TO buka_app;
REVOKE UPDATE ON privacy_erased FROM buka_app;

-- Of the history of bookings and of waiting only what may name a guest is emptied, and who no longer exists is let go.
REVOKE UPDATE, DELETE ON bookings_bookinghistory, bookings_standbyhistory, bookings_queuehistory FROM buka_app;
GRANT UPDATE (reason, actor_id, partner_id) ON bookings_bookinghistory TO buka_app;
GRANT UPDATE (reason, actor_id) ON bookings_standbyhistory, bookings_queuehistory TO buka_app;

-- Of the history of deposits and of tickets, beside that, the reference of a transfer, once the books need it no longer.
REVOKE UPDATE, DELETE ON bookings_advancehistory, bookings_tickethistory FROM buka_app;
GRANT UPDATE (reason, reference, actor_id, partner_id) ON bookings_advancehistory, bookings_tickethistory TO buka_app;

-- The books: rows are added and never change.
REVOKE UPDATE, DELETE ON ledger_account, ledger_transaction, ledger_entry FROM buka_app;

-- Receipts stay as they were issued; the payer's name is taken off, or encrypted anew. A series goes on by one.
REVOKE UPDATE, DELETE ON payments_receipts_receipt, payments_receipts_series FROM buka_app;
GRANT UPDATE (payer_name) ON payments_receipts_receipt TO buka_app;
GRANT UPDATE (last) ON payments_receipts_series TO buka_app;
-- Where a house is paid: an account is put out of use and stays what it was; only retention, and new keys, touch its
-- number and name. Statements are issued once.
REVOKE UPDATE, DELETE ON settlement_payoutaccount FROM buka_app;
GRANT UPDATE (state, ended_at, ended_by_id, named_by_id, number, holder) ON settlement_payoutaccount TO buka_app;
REVOKE UPDATE, DELETE ON settlement_issuedstatement FROM buka_app;
REVOKE DELETE ON settlement_payout, settlement_settlementterms, settlement_splitcharge FROM buka_app;

-- The rules against fraud: a version is put out of place by the next and stays as it was; decisions go by retention.
REVOKE UPDATE, DELETE ON fraud_rule FROM buka_app;
GRANT UPDATE (replaced_at, made_by_id) ON fraud_rule TO buka_app;
REVOKE UPDATE ON fraud_decision, fraud_hit FROM buka_app;
