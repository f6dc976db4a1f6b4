CREATE FUNCTION erpgo_backup.wal_tail(
	OUT lsn pg_lsn, OUT timeline bigint, OUT shipped_at timestamptz)
RETURNS record
LANGUAGE c VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_wal_tail';
COMMENT ON FUNCTION erpgo_backup.wal_tail()
	IS 'up to where the unfinished segment of WAL was archived, from shared memory';

/*
 * What the archiver has left to do, and how old the WAL is that exists nowhere
 * else: all of it since the last file was archived, or since the tail of the
 * segment behind that was shipped, but nothing if the server has not written
 * beyond that.
 */
CREATE VIEW erpgo_backup.wal_archiving AS
	SELECT s.now, s.is_on, f.ready, f.ready_since, a.archived_count, a.failed_count,
		   a.last_archived_time AS archived_at, a.last_archived_wal AS archived_wal,
		   t.shipped_at, greatest(a.last_archived_time, t.shipped_at) AS safe_at,
		   a.last_failed_time > coalesce(a.last_archived_time, '-infinity') AS is_failing,
		   a.last_failed_wal AS failed_wal,
		   CASE WHEN s.is_on AND a.last_archived_time IS NOT NULL THEN
					CASE WHEN coalesce(pg_current_wal_insert_lsn() <= greatest(e.lsn + s.page_header, t.lsn), false)
						 THEN interval '0'
						 ELSE greatest(s.now - greatest(a.last_archived_time, t.shipped_at), '0') END END AS exposed_for
	FROM (SELECT clock_timestamp(), current_setting('archive_mode') <> 'off' AND NOT pg_is_in_recovery(),
				 -- Of the first page of a segment; a switch leaves the position behind it.
				 40)
		 AS s (now, is_on, page_header)
	CROSS JOIN pg_stat_archiver AS a
	CROSS JOIN LATERAL (
		SELECT count(*) FILTER (WHERE d.name LIKE '%.ready'),
			   min(d.modification) FILTER (WHERE d.name LIKE '%.ready')
		FROM pg_ls_archive_statusdir() AS d
		WHERE s.is_on) AS f (ready, ready_since)
	CROSS JOIN LATERAL (
		SELECT CASE WHEN a.last_archived_wal ~ '^[0-9A-F]{24}$' THEN
			'0/0'::pg_lsn + (('x0' || substr(a.last_archived_wal, 9, 8))::bit(36)::bigint * 4294967296
				+ (('x0' || substr(a.last_archived_wal, 17, 8))::bit(36)::bigint + 1)
				* pg_size_bytes(current_setting('wal_segment_size'))) END) AS e (lsn)
	-- A tail is worth something if nothing is missing before it.
	LEFT JOIN LATERAL erpgo_backup.wal_tail() AS t
		ON t.lsn >= e.lsn AND t.lsn < e.lsn + pg_size_bytes(current_setting('wal_segment_size'));
COMMENT ON VIEW erpgo_backup.wal_archiving IS 'one row: how the archiving of WAL is doing';

CREATE VIEW @extschema@.erpgo_backup_status AS
	SELECT c."check", c.status, left(c.value, 38) AS value, c.target,
		   CASE WHEN c.status <> 'ok' THEN c.hint END AS hint
	FROM erpgo_backup.monitoring AS m
	CROSS JOIN erpgo_backup.wal_archiving AS w
	LEFT JOIN LATERAL (
		SELECT n.type, n.status, n.ended_at
		FROM erpgo_backup.newest_run AS n
		WHERE n.ended_at > m.now - interval '7 days'
		ORDER BY n.succeeded, n.ended_at DESC LIMIT 1) AS last ON true
	LEFT JOIN LATERAL (
		SELECT j.operation, j.type, j.phase, j.percent, j.started_at
		FROM erpgo_backup.job_progress() AS j
		WHERE j.operation IN ('backup', 'verify')
		ORDER BY j.started_at LIMIT 1) AS job ON true
	CROSS JOIN (
		SELECT count(*) FILTER (WHERE a.severity = 'critical'),
			   count(*) FILTER (WHERE a.severity = 'warning'),
			   count(*) FILTER (WHERE a.severity = 'info')
		FROM erpgo_backup.alert AS a
		WHERE a.state = 'firing') AS open (critical, warning, info)
	CROSS JOIN (
		SELECT count(*), sum(h.copies), sum(h.late), min(h.late_since), min(h.newest_made_at),
			   coalesce(bool_or(h.is_delayed), false), coalesce(bool_or(h.is_critical), false), min(h.after)
		FROM erpgo_backup.copy_health AS h)
		AS copy (repositories, copies, late, late_since, newest_made_at, is_delayed, is_critical, after)
	LEFT JOIN LATERAL (
		SELECT f.name, f.failed_at, coalesce(m.now >= f.delayed_at, false) AS is_delayed
		FROM erpgo_backup.wal_follower AS f
		WHERE f.failed_at IS NOT NULL
		ORDER BY f.failed_at LIMIT 1) AS follower ON true
	-- Of further repositories, the one that has least is shown if that is little.
	CROSS JOIN LATERAL (
		SELECT r.name, r.free_bytes, r.measured_at, r.free_percent
		FROM (SELECT NULL AS name, m.free_bytes, m.measured_at, m.free_percent
			  UNION ALL
			  SELECT c.name, c.free_bytes, c.measured_at, c.free_percent
			  FROM erpgo_backup.copy_room AS c
			  WHERE c.free_percent <= 20) AS r
		ORDER BY r.free_percent, r.name NULLS FIRST LIMIT 1) AS room
	CROSS JOIN LATERAL (VALUES
		(1, 'last success',
		 CASE WHEN m.success_at IS NULL OR m.now >= m.due_at THEN 'critical'
			  WHEN m.success_age < interval '6 hours' OR m.now < m.planned_at THEN 'ok'
			  ELSE 'warning' END,
		 coalesce(erpgo_backup.span(m.success_age) || ' ago', 'never'),
		 CASE WHEN m.planned_at - m.success_at > interval '6 hours' THEN 'as scheduled'
			  ELSE '< 6 h' END,
		 'Run erpgo_backup_run(''full'').'),
		(2, 'overdue',
		 CASE WHEN m.now < m.due_at THEN 'ok' ELSE 'critical' END,
		 CASE WHEN m.now < m.due_at THEN 'no, due in ' || erpgo_backup.span(m.due_at - m.now)
			  ELSE 'by ' || erpgo_backup.span(m.now - m.due_at) END, 'no',
		 'See what failed, or did not run.'),
		(3, 'last run',
		 CASE WHEN last.type IS NULL THEN 'unknown'
			  WHEN last.status IN ('ok', 'deleted') THEN 'ok' ELSE 'critical' END,
		 coalesce(last.type || CASE last.status WHEN 'deleted' THEN ' ok, '
								ELSE ' ' || last.status || ', ' END
				  || erpgo_backup.span(m.now - last.ended_at) || ' ago', 'none in 7 days'), 'ok',
		 'See error in erpgo_backup_history.'),
		(4, 'success rate',
		 CASE WHEN m.ended = 0 THEN 'unknown' WHEN m.succeeded = m.ended THEN 'ok'
			  WHEN m.succeeded >= 0.9 * m.ended THEN 'warning' ELSE 'critical' END,
		 CASE WHEN m.ended = 0 THEN 'no run in 30 days'
			  ELSE trunc(100.0 * m.succeeded / m.ended, 1) || ' % of ' || m.ended || ' in 30 days' END,
		 '100 %', 'See errors in erpgo_backup_recent.'),
		(5, 'attempts',
		 CASE WHEN m.attempts_failed > 0 THEN 'warning' ELSE 'ok' END,
		 m.attempts_failed || ' of ' || m.attempts || ' failed in 24 h', 'none failed',
		 'See erpgo_backup_attempts.'),
		(6, 'duration',
		 CASE WHEN m.duration IS NULL THEN 'unknown'
			  WHEN m.duration < interval '10 minutes' THEN 'ok' ELSE 'warning' END,
		 coalesce(erpgo_backup.span(m.duration), 'no full backup'), '< 10 min',
		 'More erpgo_backup.jobs may help.'),
		(7, 'size',
		 CASE WHEN m.stored_bytes IS NULL THEN 'unknown'
			  WHEN m.compared < 3 THEN 'ok'
			  WHEN m.stored_bytes < 0.5 * m.median_bytes THEN 'critical'
			  WHEN m.stored_bytes > 1.5 * m.median_bytes THEN 'warning' ELSE 'ok' END,
		 CASE WHEN m.stored_bytes IS NULL THEN 'no full backup'
			  WHEN m.compared < 3 THEN pg_size_pretty(m.stored_bytes) || ', too few to compare'
			  ELSE pg_size_pretty(m.stored_bytes) || ', '
				   || to_char(100.0 * m.stored_bytes / nullif(m.median_bytes, 0) - 100, 'FMSG9999990')
				   || ' % to ' || pg_size_pretty(m.median_bytes) END, 'within 50 %',
		 CASE WHEN m.stored_bytes < m.median_bytes THEN 'Look whether data is missing.'
			  ELSE 'Look at erpgo_backup_growth.' END),
		(8, 'verification',
		 CASE WHEN m.damaged > 0 THEN 'critical' WHEN m.verified_at IS NULL THEN 'unknown'
			  WHEN m.verified_at < m.now - interval '24 hours' THEN 'warning' ELSE 'ok' END,
		 m.damaged || ' of ' || m.present || ' damaged, last '
			 || coalesce(erpgo_backup.span(m.now - m.verified_at) || ' ago', 'never'), 'none damaged',
		 CASE WHEN m.damaged > 0 THEN 'Make a new backup at once.'
			  ELSE 'Run erpgo_backup_verify().' END),
		(9, 'free space',
		 CASE WHEN room.free_percent IS NULL THEN 'unknown'
			  WHEN room.free_percent > 20 THEN 'ok'
			  WHEN room.free_percent > m.minimum_free THEN 'warning' ELSE 'critical' END,
		 coalesce(floor(room.free_percent) || ' %, ' || pg_size_pretty(room.free_bytes) || ', '
				  || coalesce('in repository ' || room.name, erpgo_backup.span(m.now - room.measured_at) || ' ago'),
				  'not measured'), '> 20 %',
		 CASE WHEN room.free_percent IS NULL THEN 'Run erpgo_backup_check().'
			  ELSE 'Free space or keep fewer backups.' END),
		(10, 'WAL archiving',
		 CASE WHEN m.now - w.ready_since >= interval '1 hour' THEN 'critical'
			  WHEN m.now - w.ready_since >= interval '5 minutes' OR w.is_failing THEN 'warning'
			  ELSE 'ok' END,
		 CASE WHEN pg_is_in_recovery() THEN 'left to the primary'
			  WHEN NOT w.is_on THEN 'archive_mode is off'
			  ELSE w.ready || ' waiting' || coalesce(' for ' || erpgo_backup.span(m.now - w.ready_since), '')
				   || CASE WHEN w.is_failing THEN ', failing' ELSE '' END END,
		 CASE WHEN w.is_on THEN '< 5 min' ELSE '-' END, 'See the archiver''s messages in the log.'),
		(11, 'data at risk',
		 CASE WHEN w.exposed_for < interval '1 hour' THEN 'ok'
			  WHEN w.exposed_for IS NULL AND m.success_age < interval '6 hours' THEN 'ok'
			  WHEN w.exposed_for IS NULL AND m.now < m.planned_at THEN 'ok'
			  WHEN w.exposed_for IS NULL AND m.success_at IS NULL THEN 'unknown'
			  ELSE 'warning' END,
		 coalesce(erpgo_backup.span(w.exposed_for) || CASE WHEN w.shipped_at IS NULL THEN ', since WAL was archived'
														   ELSE ', since WAL was shipped' END,
				  erpgo_backup.span(m.success_age) || ', since the last backup', 'everything'),
		 CASE WHEN w.exposed_for IS NOT NULL THEN '< 1 h'
			  WHEN m.planned_at - m.success_at > interval '6 hours' THEN 'as scheduled' ELSE '< 6 h' END,
		 CASE WHEN w.exposed_for IS NOT NULL THEN 'Set erpgo_backup.wal_flush_interval.' ELSE 'Archive WAL to lose less.' END),
		(12, 'copies',
		 CASE WHEN copy.is_critical THEN 'critical' WHEN copy.is_delayed OR follower.is_delayed THEN 'warning' ELSE 'ok' END,
		 CASE WHEN copy.repositories = 0 THEN 'no second repository'
			  WHEN copy.late > 0 THEN copy.late || ' waiting since ' || erpgo_backup.span(m.now - copy.late_since)
			  WHEN follower.name IS NOT NULL THEN 'no WAL to ' || follower.name || ' since ' || erpgo_backup.span(m.now - follower.failed_at)
			  WHEN copy.newest_made_at IS NULL THEN 'none'
			  ELSE copy.copies || ', of ' || erpgo_backup.span(m.now - copy.newest_made_at) || ' ago' END,
		 CASE WHEN copy.repositories = 0 THEN '-'
			  ELSE coalesce('< ' || erpgo_backup.rough_span(copy.after), 'some day') END,
		 'See erpgo_backup_copies.'),
		(13, 'running',
		 CASE WHEN job.phase = 'waiting' THEN 'warning' ELSE 'ok' END,
		 coalesce(job.operation || coalesce(' ' || job.type, '') || ', '
				  || coalesce(nullif(job.phase, '') || ', ', '')
				  || coalesce(floor(job.percent) || ' %, ', '')
				  || erpgo_backup.span(m.now - job.started_at), 'nothing'), '-',
		 'It failed and is tried again soon.'),
		(14, 'open alerts',
		 CASE WHEN open.critical > 0 THEN 'critical' WHEN open.warning > 0 THEN 'warning' ELSE 'ok' END,
		 coalesce(nullif(concat_ws(', ', nullif(open.critical, 0) || ' critical',
								   nullif(open.warning, 0) || ' warning',
								   nullif(open.info, 0) || ' info'), ''), 'none'), 'none',
		 'See erpgo_backup_alerts.'))
		AS c (place, "check", status, value, target, hint)
	ORDER BY c.place;
COMMENT ON VIEW @extschema@.erpgo_backup_status IS 'how backups are doing, one row a check, against targets';

CREATE VIEW @extschema@.erpgo_backup_recent AS
	SELECT b.id, b.status,
		   erpgo_backup.rough_span(clock_timestamp() - b.started_at) AS age,
		   erpgo_backup.span(b.finished_at - b.started_at) AS duration,
		   pg_size_pretty(b.stored_bytes) AS stored, b.verified_depth AS verified,
		   erpgo_backup.cut(coalesce(b.error, b.verification_error), 25) AS error
	FROM erpgo_backup.backup AS b
	ORDER BY b.id DESC
	LIMIT 20;
COMMENT ON VIEW @extschema@.erpgo_backup_recent IS 'the last 20 backups for people, newest first';

CREATE VIEW @extschema@.erpgo_backup_upcoming AS
	SELECT erpgo_backup.cut(o.name, 22) AS name, o.type,
		   erpgo_backup.cut(o.cron, 24) AS cron,
		   erpgo_backup.cut(o.timezone, 20) AS timezone,
		   CASE WHEN NOT o.enabled THEN 'disabled' WHEN o.next_run IS NULL THEN 'never'
				WHEN o.next_run <= t.now THEN 'now'
				ELSE 'in ' || erpgo_backup.rough_span(o.next_run - t.now) END AS next,
		   CASE WHEN o.is_skipped THEN
					'skipped ' || erpgo_backup.rough_span(t.now - o.last_skip) || ' ago'
				WHEN o.last_run IS NOT NULL THEN
					coalesce(o.run_status, 'started') || ' '
						|| erpgo_backup.rough_span(t.now - o.last_run) || ' ago'
				ELSE '-' END AS last
	FROM erpgo_backup.schedule_outcome AS o
	CROSS JOIN (SELECT clock_timestamp()) AS t (now)
	ORDER BY o.next_run, o.name;
COMMENT ON VIEW @extschema@.erpgo_backup_upcoming IS 'what runs by itself, for people, what comes next first';

