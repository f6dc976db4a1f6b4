-- What the extension consists of, and who may do what.
CREATE EXTENSION erpgo_backup;

-- every object of the extension that is not one of schema erpgo_backup
SELECT pg_describe_object(classid, objid, 0) AS object
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'erpgo_backup')
AND pg_describe_object(classid, objid, 0) !~ 'erpgo_backup\.|^type '
ORDER BY 1;

-- only the procedure lacks a search_path: it could not release its snapshot
SELECT oid::regprocedure AS lacks_search_path
FROM pg_proc
WHERE (proname ~ '^erpgo_backup_' OR pronamespace = 'erpgo_backup'::regnamespace)
AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false);

-- nothing without a description
SELECT oid::regprocedure AS undescribed
FROM pg_proc
WHERE (proname ~ '^erpgo_backup_' OR pronamespace = 'erpgo_backup'::regnamespace)
AND obj_description(oid, 'pg_proc') IS NULL;
SELECT oid::regclass AS undescribed
FROM pg_class
WHERE (relname ~ '^erpgo_backup_' OR relnamespace = 'erpgo_backup'::regnamespace)
AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL;

-- nothing is open to everybody
CREATE ROLE regress_backup_nobody;
CREATE ROLE regress_backup_monitor IN ROLE pg_monitor;
SELECT oid::regprocedure AS open_to_all
FROM pg_proc
WHERE (proname ~ '^erpgo_backup_' OR pronamespace = 'erpgo_backup'::regnamespace)
AND has_function_privilege('regress_backup_nobody', oid, 'EXECUTE');
SELECT oid::regclass AS open_to_all
FROM pg_class
WHERE (relname ~ '^erpgo_backup_' OR relnamespace = 'erpgo_backup'::regnamespace)
AND relkind IN ('r', 'v')
AND has_table_privilege('regress_backup_nobody', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE');
SELECT has_schema_privilege('regress_backup_nobody', 'erpgo_backup', 'USAGE, CREATE');

-- monitoring may look, and only that
SELECT oid::regprocedure::text AS open_to_monitoring
FROM pg_proc
WHERE (proname ~ '^erpgo_backup_' OR pronamespace = 'erpgo_backup'::regnamespace)
AND has_function_privilege('regress_backup_monitor', oid, 'EXECUTE')
ORDER BY 1;
SET ROLE regress_backup_monitor;
SELECT count(*) FROM erpgo_backup_history;
SELECT count(*) FROM erpgo_backup_attempts;
SELECT count(*) FROM erpgo_backup_audit;
SELECT count(*) FROM erpgo_backup_progress;
SELECT count(*) FROM erpgo_backup_list();
SELECT count(*) FROM erpgo_backup_recent;
SELECT count(*) FROM erpgo_backup_upcoming;
SELECT count(*) FROM erpgo_backup_copies;
SELECT "check", status, value FROM erpgo_backup_status WHERE "check" IN ('last success', 'attempts', 'running');
SELECT erpgo_backup_metrics() ~ '^# HELP erpgo_backup_\w+ .*\n# TYPE erpgo_backup_\w+ counter\n';
SELECT erpgo_backup_run();
SELECT count(*) FROM erpgo_backup.backup;
RESET ROLE;

-- the audit can only grow
INSERT INTO erpgo_backup.audit (action, outcome) VALUES ('test', 'ok');
UPDATE erpgo_backup.audit SET outcome = 'failed';
DELETE FROM erpgo_backup.audit;
TRUNCATE erpgo_backup.audit;
SET session_replication_role = replica;
DELETE FROM erpgo_backup.audit;
RESET session_replication_role;

-- not even what forgets old entries can be called to remove some
\set SHOW_CONTEXT never
SELECT erpgo_backup.forget('0');
SELECT count(*) FROM erpgo_backup.audit WHERE action = 'test';

-- it comes and goes, in any schema
DROP EXTENSION erpgo_backup;
CREATE SCHEMA "Backup Functions";
CREATE EXTENSION erpgo_backup SCHEMA "Backup Functions";
SELECT count(*) FROM "Backup Functions".erpgo_backup_history;
DROP EXTENSION erpgo_backup;
DROP SCHEMA "Backup Functions";
DROP ROLE regress_backup_nobody, regress_backup_monitor;
