-- Schedules: what can be said, and what is refused.
CREATE EXTENSION erpgo_backup;
CREATE DATABASE regress_erp;

-- when expressions run
SELECT erpgo_backup_next_runs('0 */6 * * *', after => '2026-11-22 18:00+00') AT TIME ZONE 'UTC' AS run;
SELECT erpgo_backup_next_runs('30 2 * * *', 'Europe/Berlin', '2026-03-28 00:00+00', 3) AT TIME ZONE 'UTC' AS run;
SELECT erpgo_backup_next_runs('@monthly', 'America/New_York', '2026-01-15 00:00+00', 2) AT TIME ZONE 'UTC' AS run;
SELECT erpgo_backup_next_runs('0 0 30 2 *');
SELECT erpgo_backup_next_runs('@daily', after => 'infinity');
SELECT erpgo_backup_next_runs(NULL);
SELECT erpgo_backup_next_runs('every day');
SELECT erpgo_backup_next_runs('@daily', 'Atlantis');
SELECT erpgo_backup_next_runs('@daily', count => 0);

-- a schedule
SELECT erpgo_backup_schedule('weekly', '0 2 * * sun', databases => '{regress_erp}', timezone => 'Europe/Berlin')
	= (SELECT erpgo_backup_next_runs('0 2 * * sun', 'Europe/Berlin', count => 1)) AS is_next;
SELECT erpgo_backup_schedule('at night', '@midnight', 'schema-only', jitter => '10 minutes', maximum_duration => '1 hour') AS next_run \gset
SELECT :'next_run' - run BETWEEN '0' AND '10 minutes' AS is_next FROM erpgo_backup_next_runs('@midnight', count => 1) AS n (run);
SELECT erpgo_backup_schedule('deep', '0 4 * * sun', 'verify', enabled => false, catch_up => false);
SELECT name, cron, type, timezone, enabled, next_run > now() AS has_next, last_run, last_status, last_skip, reason, databases
FROM erpgo_backup_schedules;
SELECT name, catch_up, jitter, maximum_duration FROM erpgo_backup.schedule ORDER BY name;
SELECT erpgo_backup_schedule('weekly', '0 3 * * sun', 'data') > now() AS is_changed;
SELECT name, cron, type, timezone, databases FROM erpgo_backup_schedules WHERE name = 'weekly';

-- what is refused
SELECT erpgo_backup_schedule('', '@daily');
SELECT erpgo_backup_schedule(repeat('x', 64), '@daily');
SELECT erpgo_backup_schedule(NULL, '@daily');
SELECT erpgo_backup_schedule('wrong', NULL);
SELECT erpgo_backup_schedule('wrong', '@daily', jitter => NULL);
SELECT erpgo_backup_schedule('wrong', '61 * * * *');
SELECT erpgo_backup_schedule('wrong', '0 0 30 feb *');
SELECT erpgo_backup_schedule('wrong', '@daily', 'everything');
SELECT erpgo_backup_schedule('wrong', '@daily', 'incremental');
SELECT erpgo_backup_schedule('wrong', '@daily', timezone => 'Atlantis');
SELECT erpgo_backup_schedule('wrong', '@daily', databases => '{regress_missing}');
SELECT erpgo_backup_schedule('wrong', '@daily', databases => '{}');
SELECT erpgo_backup_schedule('wrong', '@daily', 'verify', databases => '{regress_erp}');
SELECT erpgo_backup_schedule('wrong', '@daily', jitter => '-1 second');
SELECT erpgo_backup_schedule('wrong', '@daily', jitter => '25 hours');
SELECT erpgo_backup_schedule('wrong', '@daily', maximum_duration => '1 month');

-- by hand
INSERT INTO erpgo_backup.schedule (name, cron) VALUES ('by hand', 'every day');
INSERT INTO erpgo_backup.schedule (name, cron, type) VALUES ('by hand', '@daily', 'incremental');
INSERT INTO erpgo_backup.schedule (name, cron, databases) VALUES ('by hand', '@daily', '{}');
INSERT INTO erpgo_backup.schedule (name, cron, jitter) VALUES ('by hand', '@daily', '2 days');
INSERT INTO erpgo_backup.schedule (name, cron, timezone) VALUES ('by hand', '@daily', 'Atlantis');
SELECT enabled, next_run, reason FROM erpgo_backup_schedules WHERE name = 'by hand';

-- the end
SELECT erpgo_backup_unschedule('by hand'), erpgo_backup_unschedule('by hand'), erpgo_backup_unschedule(NULL);
SELECT erpgo_backup_unschedule(name) FROM erpgo_backup_schedules;
SELECT count(*) FROM erpgo_backup_schedules;

-- the audit
SELECT role = current_user AS by_me, action, object, outcome, detail
FROM erpgo_backup_audit ORDER BY at;

-- who may
CREATE ROLE regress_backup_operator;
CREATE ROLE regress_backup_monitor IN ROLE pg_monitor;
SET ROLE regress_backup_monitor;
SELECT count(*) FROM erpgo_backup_schedules;
SELECT erpgo_backup_schedule('mine', '@daily');
SELECT erpgo_backup_unschedule('mine');
SELECT erpgo_backup_next_runs('@daily');
SELECT count(*) FROM erpgo_backup.schedule;
RESET ROLE;
GRANT EXECUTE ON FUNCTION erpgo_backup_schedule, erpgo_backup_unschedule TO regress_backup_operator;
SET ROLE regress_backup_operator;
SELECT erpgo_backup_schedule('mine', '@daily') > now() AS has_next;
SELECT erpgo_backup_unschedule('mine');
SELECT count(*) FROM erpgo_backup_schedules;
RESET ROLE;

-- the ones that are there from the start
ALTER SYSTEM SET erpgo_backup.enabled = off;
ALTER SYSTEM SET erpgo_backup.default_schedules = on;
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', 'erpgo_backup.default_schedules', 'on')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT name, cron, type, timezone, enabled, next_run > now() AS has_next, databases FROM erpgo_backup_schedules;
SELECT erpgo_backup_unschedule('daily verify');
SELECT erpgo_backup_schedule('every 6 hours', '@weekly') > now() AS is_changed;
SELECT name, cron, type, enabled, next_run > now() AS has_next FROM erpgo_backup_schedules;
SELECT count(*) FROM erpgo_backup.schedule;
ALTER SYSTEM RESET erpgo_backup.default_schedules;
ALTER SYSTEM RESET erpgo_backup.enabled;
SELECT pg_reload_conf();
DROP EXTENSION erpgo_backup;
DROP DATABASE regress_erp;
DROP ROLE regress_backup_operator, regress_backup_monitor;
