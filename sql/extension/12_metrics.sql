/*
 * The same for Prometheus.
 */

CREATE FUNCTION erpgo_backup.metric_label(name text, value text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT metric_label.name || '="'
		|| replace(replace(replace(metric_label.value, '\', '\\'), '"', '\"'), chr(10), '\n')
		|| '"';
END;
COMMENT ON FUNCTION erpgo_backup.metric_label(text, text) IS 'a label of a sample, escaped';

CREATE VIEW erpgo_backup.metric AS
	SELECT * FROM (VALUES
		('erpgo_backup_info', 'gauge', 'Versions of the extension and the server.'),
		('erpgo_backup_last_success_timestamp_seconds', 'gauge', 'When the newest good backup was finished; 0 if there is none.'),
		('erpgo_backup_last_run_timestamp_seconds', 'gauge', 'When the last run ended that was not cancelled.'),
		('erpgo_backup_last_run_success', 'gauge', 'Whether that run made a backup.'),
		('erpgo_backup_last_duration_seconds', 'gauge', 'How long the newest good backup took.'),
		('erpgo_backup_last_size_bytes', 'gauge', 'Size of the newest good backup before compression.'),
		('erpgo_backup_last_stored_bytes', 'gauge', 'Size of the newest good backup in the repository.'),
		('erpgo_backup_median_stored_bytes', 'gauge', 'Median size in the repository of up to seven backups of its kind before it, if they are three or more.'),
		('erpgo_backup_backups', 'gauge', 'Backups in the repository; those with status failed are damaged.'),
		('erpgo_backup_attempts_total', 'counter', 'Attempts to make or to verify backups, by how they ended.'),
		('erpgo_backup_success_ratio', 'gauge', 'Share of the runs of the last 30 days that made a backup.'),
		('erpgo_backup_verification_failed_backups', 'gauge', 'Backups whose last verification failed.'),
		('erpgo_backup_last_verified_timestamp_seconds', 'gauge', 'When a backup was last verified; 0 if none was.'),
		('erpgo_backup_pinned_backups', 'gauge', 'Backups that are never removed.'),
		('erpgo_backup_repository_free_bytes', 'gauge', 'Room in the repository for new backups, when it was last measured.'),
		('erpgo_backup_repository_size_bytes', 'gauge', 'Size of the file system of the repository.'),
		('erpgo_backup_repository_measured_timestamp_seconds', 'gauge', 'When the room in the repository was last measured.'),
		('erpgo_backup_schedule_next_run_timestamp_seconds', 'gauge', 'When a schedule that is enabled runs next.'),
		('erpgo_backup_schedule_last_run_timestamp_seconds', 'gauge', 'When a schedule ran last.'),
		('erpgo_backup_schedule_last_run_success', 'gauge', 'Whether that run went well; absent while it lasts.'),
		('erpgo_backup_schedule_last_skip_timestamp_seconds', 'gauge', 'When a run of a schedule was skipped last.'),
		('erpgo_backup_jobs_running', 'gauge', 'Jobs that are running, or waiting to be tried again.'),
		('erpgo_backup_job_progress_ratio', 'gauge', 'How far the phase of a running job is; the least if there are several.'),
		('erpgo_backup_due_timestamp_seconds', 'gauge', 'When the next full backup is overdue, or since when it is.'),
		('erpgo_backup_overdue_seconds', 'gauge', 'For how long a full backup has been overdue.'),
		('erpgo_backup_wal_ready_files', 'gauge', 'Files of WAL that wait to be archived.'),
		('erpgo_backup_wal_ready_since_timestamp_seconds', 'gauge', 'Since when the oldest of these waits; absent if none does.'),
		('erpgo_backup_wal_archived_files_total', 'counter', 'Files of WAL that were archived.'),
		('erpgo_backup_wal_archive_failures_total', 'counter', 'Failed attempts to archive a file of WAL.'),
		('erpgo_backup_wal_last_archived_timestamp_seconds', 'gauge', 'When a file of WAL was last archived; 0 if none was.'),
		('erpgo_backup_recovery_point_timestamp_seconds', 'gauge', 'When WAL was last archived, or else the newest good backup was finished.'),
		('erpgo_backup_copies', 'gauge', 'Copies in a further repository, made or to be made, by status.'),
		('erpgo_backup_newest_copy_timestamp_seconds', 'gauge', 'When the newest backup was finished that a further repository has a copy of; 0 if it has none.'),
		('erpgo_backup_copy_late_since_timestamp_seconds', 'gauge', 'Since when a further repository lacks a backup; absent if it does not.'),
		('erpgo_backup_further_repository_free_bytes', 'gauge', 'Room in a further repository, when it was last measured.'),
		('erpgo_backup_further_repository_size_bytes', 'gauge', 'Size of the file system of a further repository.'),
		('erpgo_backup_further_repository_measured_timestamp_seconds', 'gauge', 'When the room in a further repository was last measured.'),
		('erpgo_backup_wal_copied_timestamp_seconds', 'gauge', 'When a further repository that WAL follows to last had all that was archived; 0 if not since the server started.'),
		('erpgo_backup_alerts_firing', 'gauge', 'Alerts that are firing.'))
		AS m (name, type, help);
COMMENT ON VIEW erpgo_backup.metric IS 'the metrics that there are';

CREATE VIEW erpgo_backup.metric_of_type AS
	SELECT v.metric, erpgo_backup.metric_label('type', t.type) AS labels, v.value
	FROM (SELECT 'full' AS type UNION SELECT b.type FROM erpgo_backup.backup AS b) AS t
	LEFT JOIN erpgo_backup.newest_good AS g ON g.type = t.type
	LEFT JOIN erpgo_backup.newest_run AS r ON r.type = t.type
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_last_success_timestamp_seconds', coalesce(extract(epoch FROM g.finished_at), 0)),
		('erpgo_backup_last_run_timestamp_seconds', extract(epoch FROM r.ended_at)),
		('erpgo_backup_last_run_success', r.succeeded::integer),
		('erpgo_backup_last_duration_seconds', extract(epoch FROM g.duration)),
		('erpgo_backup_last_size_bytes', g.size_bytes),
		('erpgo_backup_last_stored_bytes', g.stored_bytes),
		('erpgo_backup_median_stored_bytes', CASE WHEN g.compared >= 3 THEN g.median_bytes END))
		AS v (metric, value)
	UNION ALL
	SELECT 'erpgo_backup_backups',
		   erpgo_backup.metric_label('type', t.type) || ',' || erpgo_backup.metric_label('status', s.status),
		   (SELECT count(*) FROM erpgo_backup.backup AS b
			WHERE b.present AND b.type = t.type AND b.status = s.status)
	FROM (SELECT 'full' AS type UNION SELECT b.type FROM erpgo_backup.backup AS b) AS t,
		 (VALUES ('ok'), ('failed')) AS s (status);
COMMENT ON VIEW erpgo_backup.metric_of_type IS 'samples for each type of backup';

CREATE VIEW erpgo_backup.metric_of_schedule AS
	SELECT v.metric, erpgo_backup.metric_label('schedule', o.name) AS labels, v.value
	FROM erpgo_backup.schedule_outcome AS o
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_schedule_next_run_timestamp_seconds', extract(epoch FROM o.next_run)),
		('erpgo_backup_schedule_last_run_timestamp_seconds', extract(epoch FROM o.last_run)),
		('erpgo_backup_schedule_last_run_success',
		 CASE WHEN o.run_status IN ('ok', 'deleted') THEN 1
			  WHEN o.run_status IN ('failed', 'interrupted') THEN 0 END),
		('erpgo_backup_schedule_last_skip_timestamp_seconds', extract(epoch FROM o.last_skip)))
		AS v (metric, value);
COMMENT ON VIEW erpgo_backup.metric_of_schedule IS 'samples for each schedule';

CREATE VIEW erpgo_backup.metric_of_operation AS
	SELECT 'erpgo_backup_attempts_total' AS metric,
		   erpgo_backup.metric_label('operation', o.operation) || ',' || erpgo_backup.metric_label('status', s.status) AS labels,
		   (SELECT count(*) FROM erpgo_backup.attempt AS a
			WHERE a.operation = o.operation AND a.status = s.status)::numeric
		   + coalesce((SELECT f.attempts FROM erpgo_backup.forgotten_attempts AS f
					   WHERE f.operation = o.operation AND f.status = s.status), 0) AS value
	FROM (VALUES ('backup'), ('verify')) AS o (operation),
		 (VALUES ('ok'), ('failed'), ('cancelled'), ('interrupted')) AS s (status)
	UNION ALL
	SELECT v.metric, erpgo_backup.metric_label('operation', o.operation), v.value
	FROM (VALUES ('backup'), ('verify')) AS o (operation)
	CROSS JOIN LATERAL (
		SELECT count(*), min(j.percent)::numeric / 100
		FROM erpgo_backup.job_progress() AS j
		WHERE j.operation = o.operation) AS j (running, progress)
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_jobs_running', j.running),
		('erpgo_backup_job_progress_ratio', j.progress)) AS v (metric, value);
COMMENT ON VIEW erpgo_backup.metric_of_operation IS 'samples for each kind of job';

CREATE VIEW erpgo_backup.metric_of_all AS
	SELECT v.metric, v.labels, v.value
	FROM erpgo_backup.monitoring AS m
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_info',
		 erpgo_backup.metric_label('version', (SELECT e.extversion FROM pg_extension AS e
											   WHERE e.extname = 'erpgo_backup'))
		 || ',' || erpgo_backup.metric_label('server_version', current_setting('server_version')), 1),
		('erpgo_backup_success_ratio', NULL, m.succeeded::numeric / nullif(m.ended, 0)),
		('erpgo_backup_verification_failed_backups', NULL, m.damaged),
		('erpgo_backup_last_verified_timestamp_seconds', NULL, coalesce(extract(epoch FROM m.verified_at), 0)),
		('erpgo_backup_pinned_backups', NULL, m.pinned),
		('erpgo_backup_repository_free_bytes', NULL, m.free_bytes),
		('erpgo_backup_repository_size_bytes', NULL, m.total_bytes),
		('erpgo_backup_repository_measured_timestamp_seconds', NULL, extract(epoch FROM m.measured_at)),
		('erpgo_backup_due_timestamp_seconds', NULL, extract(epoch FROM m.due_at)),
		('erpgo_backup_overdue_seconds', NULL, greatest(extract(epoch FROM m.now - m.due_at), 0)))
		AS v (metric, labels, value);
COMMENT ON VIEW erpgo_backup.metric_of_all IS 'samples without a type or operation';

CREATE VIEW erpgo_backup.metric_of_wal AS
	SELECT v.metric, NULL COLLATE "C" AS labels, v.value
	FROM erpgo_backup.wal_archiving AS w
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_wal_ready_files', w.ready::numeric),
		('erpgo_backup_wal_ready_since_timestamp_seconds', extract(epoch FROM w.ready_since)),
		('erpgo_backup_wal_archived_files_total', w.archived_count),
		('erpgo_backup_wal_archive_failures_total', w.failed_count),
		('erpgo_backup_wal_last_archived_timestamp_seconds', coalesce(extract(epoch FROM w.archived_at), 0)))
		AS v (metric, value)
	WHERE w.is_on
	UNION ALL
	SELECT 'erpgo_backup_recovery_point_timestamp_seconds', NULL,
		   extract(epoch FROM coalesce(CASE WHEN NOT w.is_on THEN NULL
										   WHEN w.exposed_for = '0' THEN w.now ELSE w.safe_at END, m.success_at))
	FROM erpgo_backup.wal_archiving AS w, erpgo_backup.monitoring AS m;
COMMENT ON VIEW erpgo_backup.metric_of_wal IS 'samples of the archiving of WAL';

CREATE VIEW erpgo_backup.metric_of_copies AS
	SELECT v.metric, erpgo_backup.metric_label('repository', s.name)
		   || coalesce(',' || erpgo_backup.metric_label('status', v.status), '') AS labels, v.value
	FROM erpgo_backup.copy_summary AS s
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_copies', 'ok', s.copies::numeric),
		('erpgo_backup_copies', 'pending', s.due),
		('erpgo_backup_copies', 'copying', s.copying),
		('erpgo_backup_copies', 'failed', s.failed),
		('erpgo_backup_newest_copy_timestamp_seconds', NULL, coalesce(extract(epoch FROM s.newest_made_at), 0)),
		('erpgo_backup_copy_late_since_timestamp_seconds', NULL, extract(epoch FROM s.late_since)))
		AS v (metric, status, value)
	UNION ALL
	SELECT 'erpgo_backup_wal_copied_timestamp_seconds', erpgo_backup.metric_label('repository', w.name),
		   coalesce(extract(epoch FROM w.copied_at), 0)
	FROM erpgo_backup.wal_followers() AS w
	UNION ALL
	SELECT v.metric, erpgo_backup.metric_label('repository', r.name), v.value
	FROM erpgo_backup.copy_room AS r
	CROSS JOIN LATERAL (VALUES
		('erpgo_backup_further_repository_free_bytes', r.free_bytes::numeric),
		('erpgo_backup_further_repository_size_bytes', r.total_bytes),
		('erpgo_backup_further_repository_measured_timestamp_seconds', extract(epoch FROM r.measured_at)))
		AS v (metric, value);
COMMENT ON VIEW erpgo_backup.metric_of_copies IS 'samples for each further repository';

CREATE VIEW erpgo_backup.metric_of_alert AS
	SELECT 'erpgo_backup_alerts_firing' AS metric,
		   erpgo_backup.metric_label('kind', k.kind) || ','
		   || erpgo_backup.metric_label('severity', k.severity) AS labels,
		   (SELECT count(*) FROM erpgo_backup.alert AS a
			WHERE a.state = 'firing' AND a.kind = k.kind
			AND a.severity = k.severity)::numeric AS value
	FROM erpgo_backup.alert_kind AS k;
COMMENT ON VIEW erpgo_backup.metric_of_alert IS 'samples for each kind of alert';

-- With a long history the estimates are such that the server would compile
-- these queries for seconds, to run them for milliseconds.
CREATE FUNCTION erpgo_backup.metrics()
RETURNS text
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
	WITH sample AS (
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_schedule AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_all AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_wal AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_copies AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_type AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_operation AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_alert AS o),
	family AS (
		SELECT s.metric,
			   string_agg(s.metric || coalesce('{' || s.labels || '}', '') || ' '
						  || trim_scale(s.value) || chr(10), '' ORDER BY s.labels) AS samples
		FROM sample AS s
		WHERE s.value IS NOT NULL
		GROUP BY s.metric)
	SELECT string_agg(format('# HELP %s %s', m.name, m.help) || chr(10)
					  || format('# TYPE %s %s', m.name, m.type) || chr(10)
					  || f.samples, '' ORDER BY m.name)
	FROM erpgo_backup.metric AS m
	JOIN family AS f ON f.metric = m.name;
END;
COMMENT ON FUNCTION erpgo_backup.metrics() IS 'metrics in Prometheus'' text format';

CREATE FUNCTION @extschema@.erpgo_backup_metrics()
RETURNS text
LANGUAGE sql VOLATILE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT erpgo_backup.metrics();
END;
COMMENT ON FUNCTION @extschema@.erpgo_backup_metrics() IS 'metrics in Prometheus'' text format';

CREATE FUNCTION erpgo_backup.snapshot()
RETURNS json
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT json_build_object(
		'metrics', erpgo_backup.metrics(),
		'healthy', count(*) = 0,
		'reasons', string_agg(s."check" || ': ' || s.value || chr(10), ''))
	FROM @extschema@.erpgo_backup_status AS s
	WHERE s.status = 'critical';
END;
COMMENT ON FUNCTION erpgo_backup.snapshot() IS 'what the metrics listener serves';

REVOKE ALL ON FUNCTION @extschema@.erpgo_backup_metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erpgo_backup.span(interval),
	erpgo_backup.usual_size(text),
	erpgo_backup.rough_span(interval), erpgo_backup.cut(text, integer),
	@extschema@.erpgo_backup_metrics()
TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_status, @extschema@.erpgo_backup_recent,
	@extschema@.erpgo_backup_upcoming
TO pg_monitor;
GRANT EXECUTE ON FUNCTION erpgo_backup.backup_growth(text) TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_growth TO pg_monitor;

