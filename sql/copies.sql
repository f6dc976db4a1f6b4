-- Copies: what is to be made, and how they are doing.
CREATE EXTENSION erpgo_backup;
SET client_min_messages = warning;
ALTER SYSTEM SET erpgo_backup.enabled = off;
ALTER SYSTEM SET erpgo_backup.repository = 'file:///first?wal=follow';
ALTER SYSTEM SET erpgo_backup.repository = 'file:///first, file:///first';
ALTER SYSTEM SET erpgo_backup.repository = 'file:///first, ';

\set value 'file:///first, s3://backups/erp?region=eu-west-1&wal=required, /third'
ALTER SYSTEM SET erpgo_backup.repository = :'value';
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', 'erpgo_backup.repository', :'value')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT * FROM erpgo_backup.repositories();

-- each good backup is to be copied to each further repository, the newest first
INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, stored_bytes)
SELECT v.id, 'full', v.status, now() - v.age, now() - v.age + interval '1 minute', 1000
FROM (VALUES ('20260101T000000Z-full', 'ok', interval '2 days'), ('20260102T000000Z-full', 'ok', interval '1 day 10 hours'),
			 ('20260103T000000Z-full', 'failed', interval '10 hours'), ('20260104T000000Z-full', 'ok', interval '9 hours')) AS v (id, status, age);
SELECT erpgo_backup.copies_plan();
SELECT erpgo_backup.copies_plan();
SELECT id, name, status, attempts, repository FROM erpgo_backup_copies;
SELECT url, backup_id, next_ms <= 0 AS is_due FROM erpgo_backup.copy_agenda ORDER BY url;

-- a copy is made
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', 'file:///third');
SELECT name, status, attempts FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full';
SELECT erpgo_backup.copy_end('20260104T000000Z-full', 'file:///third', 'ok', '{"stored_bytes": 900, "depth": "digest"}', 'false', NULL, NULL);
SELECT name, status, stored_bytes, verified, error FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full';
SELECT url, backup_id FROM erpgo_backup.copy_agenda ORDER BY url;

-- what any backup would fail with holds all of a repository, for ever longer
\set url 's3://backups/erp?region=eu-west-1'
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', :'url', 'failed', NULL, 'false', 'no bucket', 'Make one.');
SELECT id, status, attempts, error, hint, next_try_at > now() + interval '4 s' AS is_held FROM erpgo_backup_copies WHERE name = '2';
SELECT backup_id, next_ms > 4000 AS is_held FROM erpgo_backup.copy_agenda WHERE url = :'url';
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', :'url', 'failed', NULL, 'false', 'no bucket', NULL);
SELECT attempts, next_try_at > now() + interval '9 s' AS is_held FROM erpgo_backup_copies WHERE name = '2' AND status = 'failed';
UPDATE erpgo_backup.copy_target SET failures = 100, next_try_at = '2100-01-01';
SELECT DISTINCT next_try_at BETWEEN now() + interval '59 minutes' AND clock_timestamp() + interval '1 hour' AS is_held FROM erpgo_backup_copies WHERE name = '2';
SELECT erpgo_backup.copies_release();
SELECT backup_id FROM erpgo_backup.copy_agenda WHERE url = :'url';

-- what is a backup's own fault holds that one
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', :'url', 'failed', NULL, 'true', 'damaged', NULL);
SELECT backup_id FROM erpgo_backup.copy_agenda WHERE url = :'url';
SELECT erpgo_backup.copies_want('20260104T000000Z-full', :'url');
SELECT backup_id FROM erpgo_backup.copy_agenda WHERE url = :'url';

-- what was interrupted begins again, and what was cancelled not soon
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copy_interrupted('20260104T000000Z-full', :'url');
SELECT backup_id FROM erpgo_backup.copy_agenda WHERE url = :'url';
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', :'url', 'cancelled', NULL, 'false', 'cancelled', NULL);
SELECT backup_id FROM erpgo_backup.copy_agenda WHERE url = :'url';

-- a pin is to reach the copy, also one that comes while that is made
SELECT erpgo_backup.backup_change('20260104T000000Z-full', 'pin', NULL, 'why not');
SELECT erpgo_backup.copies_plan();
SELECT name, status, copied_at IS NOT NULL AS is_there FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full';
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', 'file:///third');
SELECT erpgo_backup.backup_change('20260104T000000Z-full', 'annotate', 'ticket', '17');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', 'file:///third', 'ok', '{}', 'false', NULL, NULL);
SELECT erpgo_backup.copies_plan();
SELECT name, status, stored_bytes FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full';
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', 'file:///third');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', 'file:///third', 'ok', '{}', 'false', NULL, NULL);
SELECT erpgo_backup.copies_plan();
SELECT name, status FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full';

-- old backups that a new repository lacks are no alert, newer ones are
SELECT kind, subject, severity FROM erpgo_backup.alert_condition WHERE kind = 'copy_delayed';
UPDATE erpgo_backup.copy SET due_since = due_since - interval '9 hours' WHERE due_since IS NOT NULL;
SELECT kind, subject, severity, backup_id, title FROM erpgo_backup.alert_condition WHERE kind = 'copy_delayed';
SELECT name, late, newest_id FROM erpgo_backup.copy_summary;
SELECT status, value, target, hint FROM erpgo_backup_status WHERE "check" = 'copies';
UPDATE erpgo_backup.copy SET due_since = due_since - interval '1 day' WHERE due_since IS NOT NULL;
SELECT subject, severity FROM erpgo_backup.alert_condition WHERE kind = 'copy_delayed';
UPDATE erpgo_backup.backup SET finished_at = finished_at - interval '1 day';
SELECT subject, severity, title FROM erpgo_backup.alert_condition WHERE kind = 'copy_delayed';
SELECT status, value FROM erpgo_backup_status WHERE "check" = 'copies';
SELECT sample FROM string_to_table(erpgo_backup_metrics(), E'\n') AS sample WHERE sample ~ '^erpgo_backup_copies';

-- the room in further repositories
SELECT erpgo_backup.repository_measured('300', '1000');
SELECT erpgo_backup.repository_measured('250', '1000', 'file:///third');
SELECT erpgo_backup.repository_measured('1', '1000', 'file:///another');
SELECT status, value ~ '^30 %, 300 bytes, [0-9.]+ m?s ago$' AS is_that_of_the_first FROM erpgo_backup_status WHERE "check" = 'free space';
SELECT sample FROM string_to_table(erpgo_backup_metrics(), E'\n') AS sample WHERE sample ~ '^erpgo_backup_(further_)?repository_(free|size)';
SELECT subject FROM erpgo_backup.alert_condition WHERE kind = 'low_disk_space';
SELECT erpgo_backup.repository_measured('150', '1000', 'file:///third');
SELECT status, value FROM erpgo_backup_status WHERE "check" = 'free space';
SELECT subject, severity, title, message FROM erpgo_backup.alert_condition WHERE kind = 'low_disk_space';
SELECT erpgo_backup.repository_measured('50', '1000', 'file:///third'), erpgo_backup.repository_measured('10', '1000');
SELECT status, value ~ '^1 %, 10 bytes' AS is_that_of_the_first FROM erpgo_backup_status WHERE "check" = 'free space';
SELECT subject, severity, title FROM erpgo_backup.alert_condition WHERE kind = 'low_disk_space' ORDER BY subject;
UPDATE erpgo_backup.copy_target SET free_bytes = NULL, total_bytes = NULL, measured_at = NULL;
DELETE FROM erpgo_backup.repository_state;

-- a copy that is deleted stays so, unless somebody wants it
SELECT erpgo_backup.copy_deleted(NULL, NULL, '{"id": "20260104T000000Z-full", "type": "full", "role": "daily", "reason": "too old", "bytes": 1}', 'file:///third');
SELECT erpgo_backup.copies_plan();
SELECT name, status FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full' AND name = '3';
SELECT action, object, size, retention, detail FROM erpgo_backup.audit WHERE action = 'delete copy';
SELECT erpgo_backup.copies_want('20260104T000000Z-full', 'file:///third');
SELECT name, status FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full' AND name = '3';

-- who asks while a pin is brought over has the copy read afterwards
BEGIN;
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copies_want('20260104T000000Z-full', :'url');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', :'url', 'ok', '{"depth": null}', 'false', NULL, NULL);
SELECT status, mend, due_since IS NOT NULL AS due FROM erpgo_backup.copy WHERE backup_id = '20260104T000000Z-full' AND repository = :'url';
SELECT erpgo_backup.copy_begin('20260104T000000Z-full', :'url', 'true');
SELECT erpgo_backup.copy_end('20260104T000000Z-full', :'url', 'ok', '{"depth": "digest"}', 'false', NULL, NULL);
SELECT status, mend, due_since IS NOT NULL AS due FROM erpgo_backup.copy WHERE backup_id = '20260104T000000Z-full' AND repository = :'url';
ROLLBACK;

-- what is not there any more is not to be copied, and is remembered while there is a copy
SELECT erpgo_backup.copy_begin('20260102T000000Z-full', 'file:///third');
SELECT erpgo_backup.copy_end('20260102T000000Z-full', 'file:///third', 'ok', '{}', 'false', NULL, NULL);
UPDATE erpgo_backup.backup SET status = 'deleted', deleted_at = '2020-01-01' WHERE id < '20260103';
SELECT erpgo_backup.copies_plan();
SELECT id, name, status FROM erpgo_backup_copies WHERE id < '20260103';
SELECT id FROM erpgo_backup.past_backup ORDER BY id;

-- a copy that is lost is told of for a week, if there is nothing left to copy, or until it is there again
BEGIN;
SELECT erpgo_backup.copy_looked('20260102T000000Z-full', 'file:///third', 'failed', 'full', 'true', 'gone', 'it is gone', 'Look for it.');
SELECT erpgo_backup.copies_plan();
SELECT id, status, copied_at IS NULL AS gone, next_try_at IS NULL AS hopeless, error, hint FROM erpgo_backup_copies WHERE id < '20260103' AND name = '3';
SELECT id FROM erpgo_backup.past_backup ORDER BY id;
SELECT subject, severity, message FROM erpgo_backup.alert_condition WHERE kind = 'verification_failed' AND subject ~ 'in repository';
SAVEPOINT lost;
SELECT erpgo_backup.copy_looked('20260102T000000Z-full', 'file:///third', 'ok', 'digest', 'false', NULL, NULL, NULL);
SELECT id, status, copied_at IS NULL AS gone, verified, error FROM erpgo_backup_copies WHERE id < '20260103' AND name = '3';
ROLLBACK TO lost;
UPDATE erpgo_backup.copy SET due_since = due_since - interval '8 days' WHERE damage IS NOT NULL;
SELECT erpgo_backup.copies_plan();
SELECT id FROM erpgo_backup_copies WHERE id < '20260103' AND name = '3';
ROLLBACK;

-- what a verification does not find says nothing of what was never copied
SELECT erpgo_backup.copy_looked('20260104T000000Z-full', :'url', 'failed', 'full', 'true', 'gone', 'it is not there', NULL);
SELECT status, error FROM erpgo_backup_copies WHERE id = '20260104T000000Z-full' AND name = '2';

-- a repository whose parameters change has what it had
\set value 'file:///first, /third, s3://backups/erp?storage_class=STANDARD_IA'
ALTER SYSTEM SET erpgo_backup.repository = :'value';
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', 'erpgo_backup.repository', :'value')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT erpgo_backup.copies_plan();
SELECT id, name, status, repository FROM erpgo_backup_copies;

-- one that leaves the list
\set value 'file:///first, /fourth'
ALTER SYSTEM SET erpgo_backup.repository = :'value';
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', 'erpgo_backup.repository', :'value')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT erpgo_backup.copies_plan();
SELECT id, name, status, repository FROM erpgo_backup_copies;

-- who asks for what cannot be
ALTER SYSTEM RESET erpgo_backup.repository;
ALTER SYSTEM RESET erpgo_backup.enabled;
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT format('SELECT pg_sleep(0.1) WHERE current_setting(%L) <> %L', 'erpgo_backup.repository', '')
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
SELECT erpgo_backup_copy();
SELECT erpgo_backup_copy(NULL);
DROP EXTENSION erpgo_backup;
