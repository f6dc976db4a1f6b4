-- When the next full backup is overdue, by schedules.  Nothing is committed,
-- so that the scheduler does not see it.
CREATE EXTENSION erpgo_backup;
SET timezone = 'UTC';
\set due 'SELECT planned_at, due_at FROM erpgo_backup.monitoring'

-- without a schedule: 8 hours after the last success
BEGIN;
INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, databases)
VALUES ('20150107T000000Z-full', 'full', 'ok', '2015-01-07 00:00+00', '2015-01-07 00:10+00', '{erp}');
:due;

-- the next run, and a third of the time until the one after it
INSERT INTO erpgo_backup.schedule (name, cron) VALUES ('six', '0 */6 * * *');
:due;
UPDATE erpgo_backup.schedule SET cron = '@hourly';
:due;
UPDATE erpgo_backup.schedule SET cron = '@daily';
:due;
-- at most 8 hours
UPDATE erpgo_backup.schedule SET cron = '0 2 * * sun';
:due;
-- at least 5 minutes
UPDATE erpgo_backup.backup SET started_at = '2015-01-07 00:09+00';
UPDATE erpgo_backup.schedule SET cron = '* * * * *';
:due;
-- and never less than twice the last duration
UPDATE erpgo_backup.schedule SET cron = '0 */6 * * *';
UPDATE erpgo_backup.backup SET started_at = '2015-01-06 19:10+00';
:due;
-- whatever a clock that was wrong made of it
UPDATE erpgo_backup.backup SET started_at = '1970-01-01 00:00+00';
:due;
UPDATE erpgo_backup.backup SET started_at = '2015-01-07 00:00+00';

-- hours that are not evenly spread, and a time zone
UPDATE erpgo_backup.schedule SET cron = '0 9,18 * * mon-fri', timezone = 'America/New_York';
UPDATE erpgo_backup.backup SET started_at = '2015-01-09 23:00+00', finished_at = '2015-01-09 23:05+00';
:due;
UPDATE erpgo_backup.schedule SET timezone = 'UTC';
UPDATE erpgo_backup.backup SET started_at = '2015-01-07 00:00+00', finished_at = '2015-01-07 00:10+00';

-- of several schedules the first one counts, but only those of full backups
UPDATE erpgo_backup.schedule SET cron = '@daily';
INSERT INTO erpgo_backup.schedule (name, cron, type) VALUES
	('hourly', '@hourly', 'schema'), ('hourly verify', '@hourly', 'verify');
:due;
INSERT INTO erpgo_backup.schedule (name, cron) VALUES ('noon', '0 12 * * *');
:due;
-- that are enabled, and can run
UPDATE erpgo_backup.schedule SET enabled = false WHERE name = 'noon';
:due;
UPDATE erpgo_backup.schedule SET enabled = true, timezone = 'Atlantis' WHERE name = 'noon';
:due;
DELETE FROM erpgo_backup.schedule WHERE name <> 'six';

-- a schedule missed no run before it existed
INSERT INTO erpgo_backup.schedule_state (name, cron, timezone, since)
VALUES ('six', '@daily', 'UTC', '2015-03-01 11:00+00');
:due;
-- and one that has run since counts from the success
UPDATE erpgo_backup.backup SET started_at = '2015-03-05 00:00+00', finished_at = '2015-03-05 00:10+00';
:due;

-- only a full backup that is good is a success
INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, databases, verification_error) VALUES
	('20150306T000000Z-full', 'full', 'failed', '2015-03-06 00:00+00', '2015-03-06 00:10+00', '{erp}', NULL),
	('20150307T000000Z-full', 'full', 'failed', '2015-03-07 00:00+00', '2015-03-07 00:10+00', '{erp}', 'damaged'),
	('20150308T000000Z-schema', 'schema', 'ok', '2015-03-08 00:00+00', '2015-03-08 00:10+00', '{erp}', NULL);
:due;
SELECT status, target FROM erpgo_backup_status WHERE "check" IN ('last success', 'overdue');

-- without any success: from when the schedule was there
DELETE FROM erpgo_backup.backup;
:due;
ROLLBACK;

-- for programs: when, as a time stamp
BEGIN;
INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, databases)
VALUES ('20150107T000000Z-full', 'full', 'ok', '2015-01-07 00:00+00', '2015-01-07 00:10+00', '{erp}');
INSERT INTO erpgo_backup.schedule (name, cron) VALUES (E'a "\\" b', '@daily');
INSERT INTO erpgo_backup.schedule_state (name, cron, timezone, since, next_run, last_run, last_operation, last_backup, last_skip)
VALUES (E'a "\\" b', '@daily', 'UTC', '2015-01-01 00:00+00', '2015-01-08 00:00+00',
		'2015-01-07 00:00+00', 'backup', '20150107T000000Z-full', '2015-01-06 00:00+00');
SELECT line FROM regexp_split_to_table(erpgo_backup_metrics(), '\n') AS m (line)
WHERE line ~ '^erpgo_backup_(due|schedule)_';
-- a run that failed, and one that has not ended
UPDATE erpgo_backup.backup SET status = 'failed';
SELECT line FROM regexp_split_to_table(erpgo_backup_metrics(), '\n') AS m (line) WHERE line ~ '^erpgo_backup_schedule_last_run_';
UPDATE erpgo_backup.backup SET status = 'running';
SELECT line FROM regexp_split_to_table(erpgo_backup_metrics(), '\n') AS m (line) WHERE line ~ '^erpgo_backup_schedule_last_run_';
-- one that is disabled has no next run
UPDATE erpgo_backup.schedule SET enabled = false;
SELECT count(*) FROM regexp_split_to_table(erpgo_backup_metrics(), '\n') AS m (line) WHERE line ~ '^erpgo_backup_schedule_next_run_';
ROLLBACK;
DROP EXTENSION erpgo_backup;
