-- From the first backup to its verification, all in SQL.
CREATE EXTENSION erpgo_backup;
CREATE DATABASE regress_erp;
\set database 'array[''regress_erp'']'

-- what cannot be asked for
SELECT erpgo_backup_run('everything');
SELECT erpgo_backup_run('incremental');
SELECT erpgo_backup_run(NULL);
SELECT erpgo_backup_run(wait => NULL);
SELECT erpgo_backup_run(databases => '{regress_missing}');
SELECT erpgo_backup_run(databases => '{}');
SELECT erpgo_backup_run(databases => '{NULL}');
SELECT erpgo_backup_run(label => repeat('x', 2000));
SELECT erpgo_backup_verify();
SELECT erpgo_backup_verify('20200101T000000Z-full');
SELECT erpgo_backup_verify('../elsewhere');
SELECT erpgo_backup_verify(depth => 'superficial');
SELECT erpgo_backup_verify(depth => 'restore');
SELECT erpgo_backup_cancel('20200101T000000Z-full');
CALL erpgo_backup_wait('20200101T000000Z-full');
SELECT count(*) FROM erpgo_backup_history;

-- a transaction that the backup might have to wait for
BEGIN;
CREATE TABLE regress_written ();
SELECT erpgo_backup_run();
ROLLBACK;
BEGIN;
LOCK TABLE pg_class IN ROW SHARE MODE;
SELECT erpgo_backup_run();
ROLLBACK;

-- backups
SELECT erpgo_backup_run(databases => :database, label => 'the "first"') AS first \gset
SELECT erpgo_backup_run('schema-only', :database) ~ '^\d{8}T\d{6}Z-schema$' AS is_schema;
BEGIN;
CREATE TABLE regress_written ();
SELECT erpgo_backup_run('data', :database, wait => false) AS third \gset
ROLLBACK;
CALL erpgo_backup_wait(:'third');
CALL erpgo_backup_wait(:'third');
SELECT type, status, duration > '0' AS took_time, size_bytes > 0 AS has_size,
	stored_bytes > 0 AS is_stored, verified_at BETWEEN started_at AND finished_at AS verified,
	verified_depth, attempts, error, schedule, databases, label
FROM erpgo_backup_history;
SELECT operation, number, status, error FROM erpgo_backup_attempts WHERE backup_id = :'first';
SELECT count(*) FROM erpgo_backup_progress WHERE operation = 'backup';

-- verification
SELECT id = :'third' AS is_latest, depth, verified_at > now() AS is_new FROM erpgo_backup_verify();
SELECT id = :'first' AS is_first, depth FROM erpgo_backup_verify(:'first', 'full');
SELECT verified_depth FROM erpgo_backup_list() WHERE id = :'first';

-- what is said of a backup later
SELECT erpgo_backup_pin(:'first', '');
SELECT erpgo_backup_pin(:'first', 'before the upgrade');
SELECT erpgo_backup_annotate(:'first', '', 'value');
SELECT erpgo_backup_annotate(:'first', 'ticket', '42');
SELECT erpgo_backup_annotate(:'first', 'by', 'me');
SELECT erpgo_backup_annotate(:'first', 'ticket', '');
SELECT pinned, pin_reason, annotations, label FROM erpgo_backup_list() WHERE id = :'first';

-- the repository is the truth
TRUNCATE erpgo_backup.backup CASCADE;
SELECT erpgo_backup_sync();
SELECT pinned, pin_reason, annotations, label, status, databases
FROM erpgo_backup_list() ORDER BY id;
SELECT erpgo_backup_unpin(:'first');
SELECT pinned, pin_reason FROM erpgo_backup_list() WHERE id = :'first';

-- the audit
SELECT role = current_user AS by_me, action, type, outcome, detail
FROM erpgo_backup_audit ORDER BY at;

-- an operator
CREATE ROLE regress_backup_operator;
GRANT EXECUTE ON FUNCTION erpgo_backup_run, erpgo_backup_verify TO regress_backup_operator;
SET ROLE regress_backup_operator;
SELECT erpgo_backup_run('schema', :database) AS fourth \gset
SELECT depth FROM erpgo_backup_verify(:'fourth', 'digest');
SELECT * FROM erpgo_backup.backup;
RESET ROLE;
SELECT DISTINCT role FROM erpgo_backup_audit WHERE object = :'fourth';

DROP DATABASE regress_erp;
DROP EXTENSION erpgo_backup;
DROP ROLE regress_backup_operator;
