/*
 * Alerts: what makes them fire, and what becomes of them.  What should fire
 * is derived from the tables and the clock; only the difference to what fires
 * is an event.
 */

CREATE FUNCTION erpgo_backup.health_note(subject text, problem text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.health (subject, problem, at)
	VALUES (health_note.subject, health_note.problem, clock_timestamp())
	ON CONFLICT (subject) DO UPDATE SET
		problem = EXCLUDED.problem, at = EXCLUDED.at;
END;
COMMENT ON FUNCTION erpgo_backup.health_note(text, text)
	IS 'notes how a clean-up or a look at the repository went; without a problem it went well';

CREATE FUNCTION erpgo_backup.moment(at timestamptz)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT to_char(moment.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"');
END;
COMMENT ON FUNCTION erpgo_backup.moment(timestamptz) IS 'a moment for people';

CREATE FUNCTION erpgo_backup.kind_name(type text, databases text[])
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT kind_name.type
		|| CASE WHEN length(n.names) > 150 THEN ' of ' || left(n.names, 150) || '... ' || md5(n.names)
			ELSE coalesce(' of ' || n.names, '') END
	FROM (SELECT string_agg(d.name, ', ' ORDER BY d.name COLLATE "C")
		  FROM unnest(kind_name.databases) AS d (name)) AS n (names);
END;
COMMENT ON FUNCTION erpgo_backup.kind_name(text, text[])
	IS 'what backups of one type and these databases (null: all) are called';

CREATE VIEW erpgo_backup.backup_of_kind AS
	SELECT b.id, b.status, b.type, b.databases, b.all_databases, b.present, b.started_at, b.stored_bytes,
		   b.error, erpgo_backup.kind_name(b.type, CASE WHEN NOT b.all_databases THEN b.databases END) AS kind
	FROM erpgo_backup.backup AS b;
COMMENT ON VIEW erpgo_backup.backup_of_kind IS 'backups and the names of their kinds';

-- One that was not made up for in a week is history.
CREATE VIEW erpgo_backup.failed_kind AS
	SELECT DISTINCT ON (f.kind) f.kind, f.id, f.status, f.error
	FROM erpgo_backup.backup_of_kind AS f
	WHERE f.status IN ('failed', 'interrupted') AND NOT f.present
	AND f.started_at > clock_timestamp() - interval '7 days'
	AND NOT EXISTS (
		SELECT FROM erpgo_backup.backup AS s
		WHERE s.type = f.type AND s.id > f.id
		AND (s.present OR s.status = 'deleted')
		AND (s.all_databases OR s.databases @> f.databases))
	ORDER BY f.kind, f.id DESC;
COMMENT ON VIEW erpgo_backup.failed_kind
	IS 'kinds of backups whose last run failed for good, with no later one that has the same databases';

CREATE VIEW erpgo_backup.newest_of_kind AS
	SELECT n.kind, n.id, n.stored_bytes, p.median_bytes, p.compared
	FROM (SELECT DISTINCT ON (b.kind) b.kind, b.id, b.stored_bytes
		  FROM erpgo_backup.backup_of_kind AS b
		  WHERE (b.present OR b.status = 'deleted') AND b.stored_bytes IS NOT NULL
		  AND b.started_at > clock_timestamp() - interval '7 days'
		  ORDER BY b.kind, b.id DESC) AS n
	CROSS JOIN LATERAL erpgo_backup.usual_size(n.id) AS p;
COMMENT ON VIEW erpgo_backup.newest_of_kind
	IS 'the backup of each kind that was made last, if in the last week, and the median of the seven before';

CREATE FUNCTION erpgo_backup.size_message(backup_id text, stored_bytes bigint,
										  median_bytes bigint)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT format('Backup "%s" takes %s, %s %% %s than the median of those before it, which is %s.',
				  size_message.backup_id, pg_size_pretty(size_message.stored_bytes),
				  abs(round(100.0 * size_message.stored_bytes / size_message.median_bytes - 100)),
				  CASE WHEN size_message.stored_bytes > size_message.median_bytes THEN 'more' ELSE 'less' END,
				  pg_size_pretty(size_message.median_bytes))
		|| coalesce(chr(10) || (
			SELECT string_agg(
				CASE WHEN g.table_name IS NULL THEN format('Database "%s"', g.database)
					 ELSE format('Table %s in database "%s"', g.table_name, g.database) END
				|| CASE WHEN g.bytes_before IS NULL THEN ' is new and has ' || pg_size_pretty(g.bytes_after)
						WHEN g.bytes_after IS NULL THEN ' had ' || pg_size_pretty(g.bytes_before) || ' and is not there any more'
						ELSE format(' went from %s to %s', pg_size_pretty(g.bytes_before), pg_size_pretty(g.bytes_after)) END
				|| '.', chr(10) ORDER BY g.place)
			FROM erpgo_backup.backup_growth(size_message.backup_id)
				WITH ORDINALITY AS g (database, table_name, bytes_before, bytes_after, place)
			WHERE g.place <= 5), '');
END;
COMMENT ON FUNCTION erpgo_backup.size_message(text, bigint, bigint)
	IS 'what an alert says of a backup that is much larger or smaller than others';

CREATE VIEW erpgo_backup.condition_of_backups AS
	SELECT 'backup_failed' AS kind, f.kind AS subject, 'critical' AS severity, f.id AS backup_id,
		   format('Backup "%s" %s%s: %s', f.id,
				  CASE f.status WHEN 'failed' THEN 'failed' ELSE 'was interrupted' END,
				  CASE WHEN a.number > 1 THEN ' after ' || a.number || ' attempts' END, f.error)
		   || coalesce(chr(10) || a.hint, '') AS message,
		   jsonb_strip_nulls(jsonb_build_object('attempts', a.number, 'sqlstate', a.sqlstate)) AS details
	FROM erpgo_backup.failed_kind AS f
	LEFT JOIN LATERAL (
		SELECT t.number, t.sqlstate, t.hint
		FROM erpgo_backup.attempt AS t
		WHERE t.backup_id = f.id AND t.operation = 'backup'
		ORDER BY t.number DESC LIMIT 1) AS a ON true
	UNION ALL
	SELECT CASE WHEN n.stored_bytes > n.median_bytes THEN 'size_spike' ELSE 'size_collapse' END,
		   n.kind, CASE WHEN n.stored_bytes > n.median_bytes THEN 'info' ELSE 'warning' END, n.id,
		   erpgo_backup.size_message(n.id, n.stored_bytes, n.median_bytes),
		   jsonb_build_object('stored_bytes', n.stored_bytes, 'median_bytes', n.median_bytes)
	FROM erpgo_backup.newest_of_kind AS n
	WHERE n.compared >= 3
	AND (n.stored_bytes > 1.5 * n.median_bytes OR n.stored_bytes < 0.5 * n.median_bytes)
	UNION ALL
	SELECT 'verification_failed', b.id COLLATE "default", 'critical', b.id,
		   format('The last verification of backup "%s" failed: %s', b.id, b.verification_error)
		   || coalesce((
			SELECT chr(10) || 'There is a copy in repository ' || string_agg(c.name, ', ' ORDER BY c.name) || '.'
			FROM erpgo_backup.copy_of_backup AS c
			WHERE c.backup_id = b.id AND c.is_there), ''), '{}'
	FROM erpgo_backup.backup AS b
	WHERE b.present AND b.status = 'failed'
	UNION ALL
	SELECT 'bad_pages', 'physical', 'critical', p.id,
		   format('%s pages did not match their checksums when backup "%s" was made; the first one is block %s of file "%s".',
				  p.bad_pages, p.id, p.bad_page_list #>> '{0,block}', p.bad_page_list #>> '{0,path}')
		   || chr(10) || 'Backups that were made earlier may have good ones.',
		   jsonb_build_object('bad_pages', p.bad_pages, 'first', p.bad_page_list -> 0)
	FROM (SELECT p.* FROM erpgo_backup.physical_backup AS p
		  WHERE p.present ORDER BY p.id DESC LIMIT 1) AS p
	WHERE p.bad_pages > 0;
COMMENT ON VIEW erpgo_backup.condition_of_backups IS 'alerts that should fire because of single backups';

-- What fires because of low space fires on until there is clearly more.
CREATE VIEW erpgo_backup.condition_of_room AS
	SELECT 'low_disk_space' AS kind, r.subject, f.severity, NULL COLLATE "C" AS backup_id,
		   format('Only %s %% of %s are free: %s of %s.', floor(r.free_percent), r.file_system,
				  pg_size_pretty(r.free_bytes), pg_size_pretty(r.total_bytes)) || r.rule AS message,
		   jsonb_strip_nulls(jsonb_build_object('repository', r.url, 'free_bytes', r.free_bytes,
												'total_bytes', r.total_bytes)) AS details
	FROM (SELECT 'repository' AS subject, NULL AS url, 'the repository''s file system' AS file_system,
				 format(' Backups leave %s %% free.', m.minimum_free) AS rule,
				 m.free_percent, m.minimum_free, m.free_bytes, m.total_bytes
		  FROM erpgo_backup.monitoring AS m
		  UNION ALL
		  SELECT 'repository ' || c.name, c.url, 'the file system of repository ' || c.name, '',
				 c.free_percent, c.minimum_free, c.free_bytes, c.total_bytes
		  FROM erpgo_backup.copy_room AS c) AS r
	LEFT JOIN erpgo_backup.alert AS a
		ON a.kind = 'low_disk_space' AND a.subject = r.subject AND a.state = 'firing'
	CROSS JOIN LATERAL (
		SELECT CASE WHEN r.free_percent < r.minimum_free + CASE a.severity WHEN 'critical' THEN 2 ELSE 0 END
						THEN 'critical'
					WHEN r.free_percent < CASE WHEN a.id IS NULL THEN 20 ELSE 22 END THEN 'warning' END)
		AS f (severity)
	WHERE f.severity IS NOT NULL;
COMMENT ON VIEW erpgo_backup.condition_of_room
	IS 'alerts that should fire because the file system of a repository has little room';

CREATE VIEW erpgo_backup.condition_of_all AS
	SELECT 'backup_delayed' AS kind, 'full' AS subject, 'warning' AS severity, NULL COLLATE "C" AS backup_id,
		   coalesce('The last good full backup was finished at ' || erpgo_backup.moment(m.success_at) || '.',
					'There is no good full backup.')
		   || ' The next one was due by ' || erpgo_backup.moment(m.due_at) || '.' AS message,
		   jsonb_strip_nulls(jsonb_build_object('due_at', m.due_at, 'success_at', m.success_at)) AS details
	FROM erpgo_backup.monitoring AS m
	WHERE m.now >= m.due_at
	UNION ALL
	SELECT 'cleanup_failed', 'repository', 'warning', NULL,
		   'Old backups could not be removed: ' || h.problem, '{}'
	FROM erpgo_backup.health AS h
	WHERE h.subject = 'clean-up' AND h.problem IS NOT NULL
	UNION ALL
	SELECT 'wal_archiving_behind', 'repository',
		   CASE WHEN w.now - w.ready_since >= interval '1 hour' THEN 'critical' ELSE 'warning' END, NULL,
		   format('Files of WAL wait to be archived: %s, the oldest one since %s.%s', w.ready,
				  erpgo_backup.moment(w.ready_since),
				  CASE WHEN w.is_failing THEN ' File "' || w.failed_wal || '" could not be archived: the server''s log says why.'
					   ELSE '' END),
		   jsonb_strip_nulls(jsonb_build_object('ready', w.ready, 'ready_since', w.ready_since,
												'archived_at', w.archived_at))
	FROM erpgo_backup.wal_archiving AS w
	WHERE w.now - w.ready_since >= interval '5 minutes'
	UNION ALL
	SELECT 'wal_missing', 'repository', 'critical', NULL,
		   h.problem || chr(10) || 'Make a new physical backup. Another repository may have what is missing.', '{}'
	FROM erpgo_backup.health AS h
	WHERE h.subject = 'WAL archive' AND h.problem IS NOT NULL
	UNION ALL
	SELECT 'repository_unavailable', 'repository', 'warning', NULL,
		   'The repository could not be looked at: ' || h.problem, '{}'
	FROM erpgo_backup.health AS h
	WHERE h.subject = 'repository' AND h.problem IS NOT NULL
	AND NOT EXISTS (SELECT FROM erpgo_backup.repository_state AS r
					WHERE r.measured_at > h.at)
	-- Before the first backup there may be none.
	AND EXISTS (SELECT FROM erpgo_backup.backup AS b WHERE b.present)
	UNION ALL
	SELECT 'notification_failed', d.channel, 'warning', NULL,
		   coalesce(d.error, 'unknown'), '{}'
	FROM (SELECT DISTINCT ON (d.channel) d.channel, d.status, d.error
		  FROM erpgo_backup.delivery AS d
		  WHERE d.ended_at > clock_timestamp() - interval '7 days'
		  ORDER BY d.channel, d.ended_at DESC, d.notice DESC) AS d
	WHERE d.status = 'failed';
COMMENT ON VIEW erpgo_backup.condition_of_all IS 'alerts that should fire because of what is common to all backups';

CREATE VIEW erpgo_backup.condition_of_copies AS
	SELECT 'copy_delayed' AS kind, 'repository ' || h.name AS subject,
		   CASE WHEN h.is_critical THEN 'critical' ELSE 'warning' END AS severity, h.late_id AS backup_id,
		   format('Repository %s lacks copies of %s, the first one since %s.%s', h.name,
				  CASE h.late WHEN 1 THEN 'a backup' ELSE h.late || ' backups' END,
				  erpgo_backup.moment(h.late_since),
				  CASE WHEN h.newest_made_at IS NULL THEN ' It has no copy yet.'
					   ELSE ' Its newest copy is of a backup that was finished at '
						|| erpgo_backup.moment(h.newest_made_at) || '.' END)
		   || coalesce(chr(10) || h.error, '') AS message,
		   jsonb_strip_nulls(jsonb_build_object('repository', h.url, 'late', h.late, 'late_since', h.late_since,
												'newest_copy', h.newest_id)) AS details
	FROM erpgo_backup.copy_health AS h
	WHERE h.is_delayed OR h.is_critical
	UNION ALL
	SELECT 'copy_delayed', 'WAL in repository ' || w.name, 'warning', NULL,
		   'WAL could not be copied to repository ' || w.name || ' since ' || erpgo_backup.moment(w.failed_at)
		   || '. The server''s log says why.',
		   jsonb_strip_nulls(jsonb_build_object('repository', w.url, 'failed_at', w.failed_at, 'copied_at', w.copied_at))
	FROM erpgo_backup.wal_follower AS w
	WHERE w.now >= w.delayed_at
	UNION ALL
	SELECT 'verification_failed', c.backup_id COLLATE "default" || ' in repository ' || c.name, 'critical', c.backup_id,
		   format('The last verification of the copy of backup "%s" in repository %s failed: %s', c.backup_id, c.name, c.damage)
		   || chr(10) || coalesce(CASE WHEN c.copied_at IS NULL AND c.error = c.damage THEN c.hint || chr(10) END, '')
		   || CASE WHEN c.status_of_backup <> 'ok' THEN 'The first repository has no good backup to mend it from.'
				   WHEN c.copied_at IS NULL THEN 'It is copied anew from the first repository.'
				   ELSE 'It is mended from the first repository.' END,
		   jsonb_build_object('repository', c.repository)
	FROM erpgo_backup.copy_of_backup AS c
	WHERE c.name IS NOT NULL AND c.damage IS NOT NULL
	UNION ALL
	SELECT 'cleanup_failed', 'repository ' || f.name, 'warning', NULL,
		   'Old copies could not be removed: ' || t.cleanup_problem, '{}'
	FROM erpgo_backup.further_repository AS f
	JOIN erpgo_backup.copy_target AS t ON t.repository = f.url
	WHERE t.cleanup_problem IS NOT NULL;
COMMENT ON VIEW erpgo_backup.condition_of_copies IS 'alerts that should fire because of copies';

CREATE VIEW erpgo_backup.alert_condition AS
	SELECT c.kind, c.subject, c.severity, c.backup_id, c.message, c.details,
		   k.title || CASE c.subject WHEN 'repository' THEN '' ELSE ' (' || c.subject || ')' END AS title
	FROM (SELECT * FROM erpgo_backup.condition_of_backups
		  UNION ALL
		  SELECT * FROM erpgo_backup.condition_of_all
		  UNION ALL
		  SELECT * FROM erpgo_backup.condition_of_room
		  UNION ALL
		  SELECT * FROM erpgo_backup.condition_of_copies) AS c
	JOIN erpgo_backup.alert_kind AS k ON k.kind = c.kind AND k.severity = c.severity;
COMMENT ON VIEW erpgo_backup.alert_condition IS 'what should fire now';

CREATE VIEW erpgo_backup.alert_change AS
	WITH setting AS (
		SELECT clock_timestamp() AS now,
			   coalesce(current_setting('erpgo_backup.alert_repeat_interval', true),
						'6h')::interval AS repeat_interval),
	firing AS (
		SELECT * FROM erpgo_backup.alert AS a WHERE a.state = 'firing')
	SELECT a.id, s.now, coalesce(c.kind, a.kind) AS kind, coalesce(c.subject, a.subject) AS subject,
		   coalesce(c.severity, a.severity) AS severity, coalesce(c.title, a.title) AS title,
		   coalesce(c.message, a.message) AS message,
		   CASE WHEN c.kind IS NULL THEN a.backup_id ELSE c.backup_id END AS backup_id,
		   coalesce(c.details, a.details) AS details, coalesce(a.fired_at, s.now) AS fired_at,
		   CASE
			WHEN a.id IS NULL THEN 'firing'
			WHEN c.kind IS NULL THEN 'resolved'
			WHEN c.severity = 'critical' AND a.severity <> 'critical' THEN 'escalated'
			WHEN c.severity <> 'info' AND s.repeat_interval > '0'
				AND s.now NOT BETWEEN a.notified_at AND a.notified_at + s.repeat_interval THEN 'repeated'
			WHEN (c.severity, c.title, c.message, c.backup_id, c.details) IS DISTINCT FROM
				(a.severity, a.title, a.message, a.backup_id, a.details) THEN 'updated'
		   END AS change
	FROM firing AS a
	FULL JOIN erpgo_backup.alert_condition AS c
		ON c.kind = a.kind AND c.subject = a.subject
	CROSS JOIN setting AS s;
COMMENT ON VIEW erpgo_backup.alert_change
	IS 'what should fire and what fires, and the change that brings the two together; null if there is none';

CREATE FUNCTION erpgo_backup.alert_body(change erpgo_backup.alert_change)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'kind', (change).kind,
		'severity', (change).severity,
		'state', CASE (change).change WHEN 'resolved' THEN 'resolved' ELSE 'firing' END,
		'title', (change).title,
		'text', left(CASE (change).change
					 WHEN 'resolved' THEN 'This is over after ' || erpgo_backup.span((change).now - (change).fired_at)
						|| '. It was:' || chr(10)
					 WHEN 'repeated' THEN 'This goes on since ' || erpgo_backup.moment((change).fired_at) || '.' || chr(10)
					 ELSE '' END || (change).message, 2000),
		'backup', (change).backup_id,
		'at', to_char((change).now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
		'details', (change).details
			|| jsonb_build_object('change', (change).change, 'subject', (change).subject));
END;
COMMENT ON FUNCTION erpgo_backup.alert_body(erpgo_backup.alert_change)
	IS 'an alert as the engine sends it';

CREATE FUNCTION erpgo_backup.alert_payload(alert bigint, body jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	/* A character takes up to six bytes, and 8000 is the limit. */
	SELECT (alert_payload.body - 'details' || jsonb_build_object(
		'alert', alert_payload.alert,
		'change', alert_payload.body #> '{details,change}',
		'subject', left(alert_payload.body #>> '{details,subject}', 250),
		'title', left(alert_payload.body ->> 'title', 300),
		'text', left(alert_payload.body ->> 'text', 500)))::text;
END;
COMMENT ON FUNCTION erpgo_backup.alert_payload(bigint, jsonb)
	IS 'what sessions that listen are told of an alert';

CREATE FUNCTION erpgo_backup.alerts_evaluate()
RETURNS SETOF text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH change AS MATERIALIZED (
		SELECT * FROM erpgo_backup.alert_change AS c
		WHERE c.change IS NOT NULL),
	fired AS (
		INSERT INTO erpgo_backup.alert
			(kind, subject, severity, title, message, backup_id, details, fired_at, notified_at)
		SELECT c.kind, c.subject, c.severity, c.title, c.message, c.backup_id, c.details, c.now, c.now
		FROM change AS c WHERE c.change = 'firing'
		ON CONFLICT (kind, subject) WHERE state = 'firing' DO NOTHING
		RETURNING id, kind, subject),
	altered AS (
		UPDATE erpgo_backup.alert AS a
		SET severity = c.severity, title = c.title, message = c.message,
			backup_id = c.backup_id, details = c.details,
			notified_at = CASE c.change WHEN 'updated' THEN a.notified_at ELSE c.now END,
			state = CASE c.change WHEN 'resolved' THEN 'resolved' ELSE 'firing' END,
			resolved_at = CASE c.change WHEN 'resolved' THEN c.now END
		FROM change AS c
		WHERE a.id = c.id AND a.state = 'firing'
		RETURNING a.id, a.kind, a.subject),
	noticed AS (
		INSERT INTO erpgo_backup.notice (alert, change, body, at)
		SELECT a.id, c.change, erpgo_backup.alert_body(c), c.now
		FROM (SELECT * FROM fired UNION ALL SELECT * FROM altered) AS a
		JOIN change AS c ON c.kind = a.kind AND c.subject = a.subject
		WHERE c.change <> 'updated'
		ORDER BY a.id
		RETURNING id, alert, change, body, at),
	queued AS (
		INSERT INTO erpgo_backup.delivery (notice, channel, next_try_at)
		SELECT n.id, w.channel, n.at
		FROM noticed AS n
		CROSS JOIN (VALUES ('slack'), ('webhook'), ('email')) AS w (channel)
		WHERE n.change <> 'repeated' OR NOT EXISTS (
			SELECT FROM erpgo_backup.delivery AS d
			JOIN erpgo_backup.notice AS o ON o.id = d.notice
			WHERE o.alert = n.alert AND d.channel = w.channel
			AND d.status IN ('queued', 'sending'))),
	told AS (
		SELECT n.id, p.payload, pg_notify('erpgo_backup', p.payload)
		FROM noticed AS n, erpgo_backup.alert_payload(n.alert, n.body) AS p (payload))
	SELECT t.payload FROM told AS t ORDER BY t.id;
END;
COMMENT ON FUNCTION erpgo_backup.alerts_evaluate()
	IS 'makes what should fire fire, and the rest not; returns what changed';

CREATE FUNCTION erpgo_backup.heartbeat_queue()
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH beat AS (
		INSERT INTO erpgo_backup.notice (change)
		SELECT 'heartbeat'
		WHERE EXISTS (
			SELECT FROM erpgo_backup.attempt AS a
			WHERE a.operation = 'backup' AND a.status = 'ok'
			AND a.finished_at > greatest(
				clock_timestamp() - interval '1 day',
				(SELECT max(n.at) FROM erpgo_backup.notice AS n
				 WHERE n.change = 'heartbeat' AND n.at <= clock_timestamp())))
		AND NOT EXISTS (
			SELECT FROM erpgo_backup.delivery AS d
			WHERE d.channel = 'heartbeat' AND d.status IN ('queued', 'sending'))
		RETURNING id)
	INSERT INTO erpgo_backup.delivery (notice, channel)
	SELECT b.id, 'heartbeat' FROM beat AS b;
END;
COMMENT ON FUNCTION erpgo_backup.heartbeat_queue()
	IS 'lets the heartbeat URL be called if a backup was made since the last time';

CREATE FUNCTION erpgo_backup.alerts_forget()
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	DELETE FROM erpgo_backup.alert AS a
	WHERE a.resolved_at < clock_timestamp() - interval '1 year';
	DELETE FROM erpgo_backup.notice AS n
	WHERE n.at < clock_timestamp()
		- CASE n.change WHEN 'heartbeat' THEN interval '7 days' ELSE interval '1 year' END;
END;
COMMENT ON FUNCTION erpgo_backup.alerts_forget() IS 'removes what is too old to be of interest';

