-- Alerts: what makes them fire, and what is told of them.
CREATE EXTENSION erpgo_backup;
-- the scheduler keeps out of it
ALTER SYSTEM SET erpgo_backup.enabled = off;
SELECT pg_reload_conf();
\set ECHO none
\o /dev/null
SELECT 'SELECT pg_sleep(0.1) WHERE current_setting(''erpgo_backup.enabled'') <> ''off'''
FROM generate_series(1, 100) \gexec
\o
\set ECHO all
CREATE VIEW changes AS
SELECT a ->> 'change' AS change, a ->> 'severity' AS severity, a ->> 'state' AS state, a ->> 'title' AS title
FROM (SELECT erpgo_backup.alerts_evaluate()::jsonb) AS e (a);
CREATE VIEW pending AS
SELECT n.change, n.body ->> 'title' AS title, string_agg(d.channel, ' ' ORDER BY d.channel) AS channels
FROM erpgo_backup.delivery AS d JOIN erpgo_backup.notice AS n ON n.id = d.notice
WHERE d.status IN ('queued', 'sending')
GROUP BY n.id ORDER BY n.id;
-- a backup that ended so many hours ago, the newest is 0
CREATE PROCEDURE made(hours integer, status text, databases text[] DEFAULT NULL, stored bigint DEFAULT 1000, type text DEFAULT 'full')
BEGIN ATOMIC
	INSERT INTO erpgo_backup.backup (id, type, status, started_at, finished_at, databases, all_databases, stored_bytes, error)
	VALUES (to_char((now() - made.hours * interval '1 h') AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z-"') || type, type, status,
			now() - made.hours * interval '1 h', now() - made.hours * interval '1 h',
			CASE WHEN made.status = 'ok' THEN coalesce(made.databases, '{a,b}') ELSE made.databases END,
			made.databases IS NULL, stored, CASE WHEN made.status <> 'ok' THEN 'no reason' END);
END;

-- nothing is wrong with a new server
TABLE changes;
SELECT next_ms BETWEEN 7 * 3600000 AND 8 * 3600000 AS at_the_due_time, delivery_ms FROM erpgo_backup.alert_agenda;

-- a failure fires once, for each kind
CALL made(20, 'failed');
CALL made(19, 'failed', '{b,a}');
TABLE changes;
TABLE changes;
TABLE pending;
SELECT state, severity, title, regexp_replace(message, '"\S+"', '"ID"') AS message, kind, subject, details,
	backup_id = (SELECT min(id) FROM erpgo_backup.backup) AS is_oldest
FROM erpgo_backup_alerts WHERE kind = 'backup_failed' ORDER BY id;
-- another failure of the same kind is no other alert
CALL made(18, 'failed');
TABLE changes;
SELECT count(*), max(backup_id) = (SELECT max(id) FROM erpgo_backup.backup) AS is_of_the_last FROM erpgo_backup_alerts;
-- neither a cancelled run nor a success of others ends it; one of the same databases does
CALL made(17, 'cancelled');
CALL made(16, 'ok', '{a,c}');
CALL made(15, 'ok', '{a,b}', type => 'schema');
TABLE changes;
CALL made(14, 'ok', '{a,b,c}');
TABLE changes;
-- and one of all databases
CALL made(7, 'ok');
TABLE changes;
SELECT state, title, resolved_at >= fired_at AS resolved FROM erpgo_backup_alerts ORDER BY id;
-- a run that the server's end interrupted counts, a week later none does
CALL made(6, 'interrupted');
TABLE changes;
UPDATE erpgo_backup.backup SET started_at = started_at - interval '8 days' WHERE status = 'interrupted';
TABLE changes;
DELETE FROM erpgo_backup.alert;
SELECT count(*) AS deliveries FROM erpgo_backup.delivery;

-- a backup is overdue as soon as the time has come
UPDATE erpgo_backup.backup SET finished_at = now() - interval '8 h' + interval '1 min' WHERE status = 'ok';
TABLE changes;
SELECT next_ms BETWEEN 1 AND 60000 AS soon FROM erpgo_backup.alert_agenda;
UPDATE erpgo_backup.backup SET finished_at = now() - interval '8 h' WHERE status = 'ok';
TABLE changes;
SELECT message ~ '^The last good full backup was finished at \S+ \S+ UTC. The next one was due by \S+ \S+ UTC.$' AS says_when FROM erpgo_backup_alerts;
CALL made(0, 'ok');
TABLE changes;

-- space: what fires goes on until there is clearly more
CREATE PROCEDURE free(percent numeric)
BEGIN ATOMIC
	SELECT erpgo_backup.repository_measured((free.percent * 10)::bigint::text, '1000');
END;
CALL free(20);
TABLE changes;
CALL free(19.9);
TABLE changes;
CALL free(21.9);
TABLE changes;
CALL free(4.9);
TABLE changes;
CALL free(6.9);
TABLE changes;
SELECT severity, message FROM erpgo_backup_alerts WHERE state = 'firing';
-- less severe again is no news
CALL free(7);
TABLE changes;
SELECT severity, title FROM erpgo_backup_alerts WHERE state = 'firing';
CALL free(4.9);
TABLE changes;
CALL free(22);
TABLE changes;
DELETE FROM erpgo_backup.alert;

-- sizes are compared with the median of three or more of their kind
DELETE FROM erpgo_backup.backup;
CALL made(9, 'ok', stored => 1000);
CALL made(8, 'ok', stored => 1100);
CALL made(7, 'ok', stored => 3000);
TABLE changes;
CALL made(6, 'ok', stored => 1650);
TABLE changes;
CALL made(5, 'ok', stored => 2100);
TABLE changes;
SELECT message ~ '^Backup "\S+" takes 2100 bytes, 53 % more than the median of those before it, which is 1375 bytes.$' AS says_how_much,
	details
FROM erpgo_backup_alerts;
CALL made(4, 'ok', '{a}', stored => 1);
TABLE changes;
CALL made(3, 'ok', stored => 800);
TABLE changes;
SELECT message ~ ', 52 % less than the median' AS says_how_much FROM erpgo_backup_alerts WHERE state = 'firing';
CALL made(2, 'ok', stored => 1200);
TABLE changes;
DELETE FROM erpgo_backup.alert;

-- a damaged backup, for as long as it is there
SELECT erpgo_backup.backup_verified(max(id), now()::text, 'full', 'object "x" is damaged') FROM erpgo_backup.backup;
SELECT c.change, c.severity, c.title = format('Verification failed (%s)', b.id) AS names_it
FROM changes AS c, (SELECT max(id) FROM erpgo_backup.backup) AS b (id);
SELECT erpgo_backup.backup_deleted(NULL, NULL, json_build_object('id', max(id))::text) FROM erpgo_backup.backup;
SELECT change, severity FROM changes;

-- clean-ups, and a repository that is out of reach
SELECT erpgo_backup.health_note('clean-up', 'no reason');
SELECT erpgo_backup.health_note('repository', 'no such folder');
TABLE changes;
SELECT message FROM erpgo_backup_alerts WHERE state = 'firing' ORDER BY 1;
SELECT erpgo_backup.health_note('clean-up', NULL);
-- somebody has seen it since
CALL free(50);
TABLE changes;
DELETE FROM erpgo_backup.alert;

-- what goes on is told again, unless it is only for information
INSERT INTO erpgo_backup.alert (kind, subject, severity, title, message, fired_at, notified_at)
SELECT kind, 'x', severity, title, '', now() - interval '7 h', now() - interval '7 h'
FROM erpgo_backup.alert_kind WHERE kind IN ('size_spike', 'cleanup_failed');
CREATE OR REPLACE VIEW erpgo_backup.condition_of_all AS
SELECT kind, 'x' AS subject, severity, NULL COLLATE "C" AS backup_id, '' AS message, '{}'::jsonb AS details
FROM erpgo_backup.alert_kind WHERE kind IN ('size_spike', 'cleanup_failed');
SELECT change, severity FROM changes;
SELECT change, severity FROM changes;
SELECT body ->> 'text' ~ '^This goes on since \S+ \S+ UTC.\n$' AS says_since FROM erpgo_backup.notice;
UPDATE erpgo_backup.alert SET notified_at = notified_at - interval '6 h 1 min';
-- what has not been delivered yet need not be repeated there
UPDATE erpgo_backup.delivery SET status = 'sent', ended_at = now() WHERE channel = 'slack';
SELECT change, severity FROM changes;
TABLE pending;
-- a clock that was set back
UPDATE erpgo_backup.alert SET notified_at = notified_at + interval '1 day';
SELECT change, severity FROM changes;
-- the notices of an alert go through a channel in order
UPDATE erpgo_backup.alert SET subject = 'y' WHERE kind = 'cleanup_failed';
SELECT change, severity FROM changes;
CREATE VIEW batch AS
SELECT n.body #>> '{details,subject}' AS subject, n.body #>> '{details,change}' AS change, n.body ->> 'channels' AS channels
FROM erpgo_backup.delivery_batch AS b, jsonb_array_elements(b.alerts::jsonb) AS n (body);
SELECT erpgo_backup.deliveries_claim();
TABLE batch;
-- whoever was to send these was killed
SELECT erpgo_backup.deliveries_claim() AS claimed_again;
TABLE batch;
SELECT count(*) FROM erpgo_backup.delivery WHERE status = 'queued' AND attempts = 1;
UPDATE erpgo_backup.delivery SET status = 'sent' WHERE attempts > 0;
SELECT erpgo_backup.deliveries_claim();
TABLE batch;
SELECT count(*) FROM erpgo_backup.delivery_end(NULL, 'slack', 'sent', 'false', NULL);
SELECT d.channel, d.attempts, d.next_try_at - now() BETWEEN '4 s' AND '6 s' AS is_soon
FROM erpgo_backup.delivery AS d WHERE d.status = 'sending' ORDER BY 1;
-- the pause doubles, up to an hour
SELECT string_agg(erpgo_backup.retry_pause(n)::text, ' ' ORDER BY n) FROM (VALUES (1), (2), (3), (9), (10), (11), (1000)) AS v (n);

-- what may pass is tried again for a day, the rest is given up
CREATE PROCEDURE tried(outcome text, transient text)
BEGIN ATOMIC
	UPDATE erpgo_backup.delivery SET status = 'sending', next_try_at = now(), attempts = attempts + 1 WHERE status IN ('queued', 'sending');
	SELECT erpgo_backup.delivery_end(NULL, NULL, outcome, transient, 'no reason');
END;
DELETE FROM erpgo_backup.notice WHERE change <> 'resolved';
CALL tried('failed', 'true');
SELECT channel, status, attempts, error, ended_at IS NULL AS goes_on FROM erpgo_backup.delivery ORDER BY 1;
SELECT delivery_ms BETWEEN 9000 AND 10000 AS in_10_s FROM erpgo_backup.alert_agenda;
UPDATE erpgo_backup.notice SET at = at - interval '1 day';
CALL tried('failed', 'true');
SELECT channel, status, attempts, error, ended_at IS NULL AS goes_on FROM erpgo_backup.delivery ORDER BY 1;

-- what sessions that listen are told is short enough
SELECT max(octet_length(erpgo_backup.alert_payload(1, jsonb_build_object('kind', 'k', 'title', c || repeat(c, 3000),
	'text', repeat(c, 3000), 'details', jsonb_build_object('change', 'firing', 'subject', repeat(c, 3000)))))) < 7900 AS fits
FROM (VALUES (chr(1)), (chr(128512)), ('"')) AS v (c);

-- the heartbeat: only after a success, once
DELETE FROM erpgo_backup.notice;
SELECT erpgo_backup.heartbeat_queue();
SELECT count(*) AS before FROM erpgo_backup.notice;
INSERT INTO erpgo_backup.attempt (backup_id, operation, number, started_at, finished_at, status)
SELECT max(id), 'backup', 1, now(), now(), 'failed' FROM erpgo_backup.backup;
SELECT erpgo_backup.heartbeat_queue();
SELECT count(*) AS after_failure FROM erpgo_backup.notice;
INSERT INTO erpgo_backup.attempt (backup_id, operation, number, started_at, finished_at, status)
SELECT max(id), 'backup', 2, now(), now(), 'ok' FROM erpgo_backup.backup;
SELECT erpgo_backup.heartbeat_queue();
SELECT erpgo_backup.heartbeat_queue();
SELECT n.change, d.channel, d.status FROM erpgo_backup.notice AS n JOIN erpgo_backup.delivery AS d ON d.notice = n.id;
SELECT erpgo_backup.deliveries_claim();
SELECT alerts, heartbeat FROM erpgo_backup.delivery_batch;
SELECT title, status FROM erpgo_backup.delivery_end(NULL, 'heartbeat', 'sent', 'false', 'sent');
SELECT erpgo_backup.heartbeat_queue();
SELECT count(*) AS sent_once FROM erpgo_backup.notice;

-- nothing is kept for ever
UPDATE erpgo_backup.notice SET at = at - interval '8 days';
UPDATE erpgo_backup.alert SET state = 'resolved', resolved_at = now() - interval '366 days' WHERE kind = 'size_spike';
SELECT erpgo_backup.alerts_forget();
SELECT (SELECT count(*) FROM erpgo_backup.notice) AS notices, (SELECT string_agg(kind, ' ') FROM erpgo_backup.alert) AS alerts;

-- metrics and status
SELECT m FROM regexp_split_to_table(erpgo_backup_metrics(), '\n') AS m WHERE m ~ '^erpgo_backup_alerts_firing' ORDER BY m COLLATE "C";
SELECT * FROM erpgo_backup_status WHERE "check" = 'open alerts';

SET client_min_messages = warning;
DROP EXTENSION erpgo_backup CASCADE;
ALTER SYSTEM RESET erpgo_backup.enabled;
SELECT pg_reload_conf();
