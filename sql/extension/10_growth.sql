/*
 * What grew or shrank.  A table that is not among the noted ones is at most as
 * large as the smallest of these, and is taken to have changed as little as
 * may be.  A database that is new or gone says enough without its tables.
 */
CREATE FUNCTION erpgo_backup.backup_growth(backup_id text)
RETURNS TABLE (database text, table_name text, bytes_before bigint, bytes_after bigint)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH run AS (
		(SELECT k.other_id AS id, false AS is_new
		 FROM erpgo_backup.same_kind AS k
		 WHERE k.backup_id = backup_growth.backup_id
		 AND k.other_id < backup_growth.backup_id
		 AND EXISTS (SELECT FROM erpgo_backup.backup_size AS s WHERE s.backup_id = k.other_id)
		 ORDER BY k.other_id DESC LIMIT 7)
		UNION ALL
		SELECT b.id, true
		FROM erpgo_backup.backup AS b
		WHERE b.id = backup_growth.backup_id
		AND EXISTS (SELECT FROM erpgo_backup.backup_size AS s WHERE s.backup_id = b.id)),
	size AS (
		SELECT s.backup_id, s.database, coalesce(s.table_name, '') AS name, s.bytes, s.tables
		FROM run AS r
		JOIN erpgo_backup.backup_size AS s ON s.backup_id = r.id),
	dump AS (
		SELECT d.backup_id, d.database,
			   CASE WHEN d.tables < 20 THEN 0
					ELSE min(t.bytes) FILTER (WHERE d.tables >= 20) END AS others
		FROM size AS d
		LEFT JOIN size AS t ON t.backup_id = d.backup_id AND t.database = d.database AND t.name <> ''
		WHERE d.name = '' AND d.tables IS NOT NULL
		GROUP BY d.backup_id, d.database, d.tables),
	known AS (
		SELECT n.database, n.name, r.is_new, s.bytes,
			   coalesce(s.bytes, CASE WHEN n.name = '' THEN 0
								 WHEN d.others IS NOT NULL THEN least(d.others, n.bytes) END) AS guess
		FROM run AS r
		CROSS JOIN (SELECT s.database, s.name, min(s.bytes) AS bytes
					FROM size AS s GROUP BY s.database, s.name) AS n
		LEFT JOIN size AS s ON s.backup_id = r.id AND s.database = n.database AND s.name = n.name
		LEFT JOIN dump AS d ON d.backup_id = r.id AND d.database = n.database),
	change AS (
		SELECT k.database, k.name, count(k.bytes) FILTER (WHERE NOT k.is_new) AS seen,
			   percentile_cont(0.5) WITHIN GROUP (ORDER BY k.guess)
				   FILTER (WHERE NOT k.is_new)::bigint AS before,
			   max(k.bytes) FILTER (WHERE k.is_new) AS after,
			   max(k.guess) FILTER (WHERE k.is_new) AS after_guess
		FROM known AS k
		GROUP BY k.database, k.name)
	SELECT c.database, nullif(c.name, ''), CASE WHEN c.seen > 0 THEN c.before END, c.after
	FROM change AS c
	WHERE abs(c.after_guess - c.before) * 100 > greatest(c.after_guess, c.before)
	ORDER BY abs(c.after_guess - c.before) DESC, c.database, c.name
	LIMIT 10;
END;
COMMENT ON FUNCTION erpgo_backup.backup_growth(text)
	IS 'which databases and tables changed most from the median of the seven backups of its kind before to this one; null: it was not there';

CREATE VIEW @extschema@.erpgo_backup_growth AS
	SELECT n.id, g.database, g.table_name AS "table",
		   pg_size_pretty(g.bytes_before) AS before, pg_size_pretty(g.bytes_after) AS after,
		   g.bytes_before, g.bytes_after
	FROM erpgo_backup.newest_good AS n
	CROSS JOIN LATERAL erpgo_backup.backup_growth(n.id)
		WITH ORDINALITY AS g (database, table_name, bytes_before, bytes_after, place)
	ORDER BY n.id, g.place;
COMMENT ON VIEW @extschema@.erpgo_backup_growth
	IS 'what changed most in the newest good backup of each type, against those before';

CREATE VIEW erpgo_backup.newest_run AS
	SELECT DISTINCT ON (b.type)
		   b.id, b.type, b.status, coalesce(b.finished_at, b.started_at) AS ended_at,
		   b.present OR b.status = 'deleted' AS succeeded
	FROM erpgo_backup.backup AS b
	WHERE b.status IN ('ok', 'failed', 'interrupted', 'deleted')
	ORDER BY b.type, b.id DESC;
COMMENT ON VIEW erpgo_backup.newest_run
	IS 'the run of each type that ended last; one that was cancelled says nothing';

CREATE VIEW erpgo_backup.monitoring AS
	WITH setting AS (
		SELECT clock_timestamp() AS now,
			   nullif(coalesce(current_setting('erpgo_backup.delayed_after', true),
							   '0')::interval, '0') AS delayed_after,
			   coalesce(current_setting('erpgo_backup.minimum_free_space', true),
						'5')::numeric AS minimum_free)
	SELECT s.now, s.minimum_free, g.finished_at AS success_at,
		   s.now - g.finished_at AS success_age, g.duration, g.stored_bytes,
		   g.median_bytes, g.compared, p.planned_at,
		   coalesce(c.since + s.delayed_after, p.due_at,
					c.since + interval '8 hours') AS due_at,
		   f.ended, f.succeeded, f.present, f.damaged, f.pinned, f.verified_at,
		   a.attempts, a.attempts_failed,
		   r.free_bytes, r.total_bytes, r.measured_at,
		   100.0 * r.free_bytes / r.total_bytes AS free_percent
	FROM setting AS s
	CROSS JOIN LATERAL (
		SELECT min(b.started_at) FILTER (WHERE b.type IN ('full', 'physical', 'incremental')),
			   count(*) FILTER (WHERE b.status IN ('ok', 'deleted', 'failed', 'interrupted')
								AND b.started_at > s.now - interval '30 days'),
			   count(*) FILTER (WHERE b.status IN ('ok', 'deleted')
								AND b.started_at > s.now - interval '30 days'),
			   count(*) FILTER (WHERE b.present),
			   count(*) FILTER (WHERE b.present AND b.status = 'failed'),
			   count(*) FILTER (WHERE b.present AND b.pinned),
			   max(b.verified_at) FILTER (WHERE b.present)
		FROM erpgo_backup.backup AS b)
		AS f (first_at, ended, succeeded, present, damaged, pinned, verified_at)
	CROSS JOIN LATERAL (
		SELECT count(*), count(*) FILTER (WHERE t.status <> 'ok')
		FROM erpgo_backup.attempt AS t
		WHERE t.operation = 'backup' AND t.status IN ('ok', 'failed', 'interrupted')
		AND t.started_at > s.now - interval '24 hours') AS a (attempts, attempts_failed)
	LEFT JOIN LATERAL (
		SELECT * FROM erpgo_backup.newest_good AS n
		WHERE n.type IN ('full', 'physical', 'incremental')
		ORDER BY n.id DESC LIMIT 1) AS g ON true
	CROSS JOIN LATERAL (
		SELECT coalesce(g.finished_at, f.first_at, pg_postmaster_start_time())) AS c (since)
	CROSS JOIN LATERAL (
		SELECT min(e.run),
			   min(e.run + greatest(least((n.run - e.run) / 3, interval '8 hours'),
									least(2 * coalesce(g.duration, '0'), interval '20 days'),
									interval '5 minutes'))
		FROM erpgo_backup.schedule_in_force AS i
		LEFT JOIN erpgo_backup.schedule AS own ON own.name = i.name
		LEFT JOIN erpgo_backup.schedule_state AS t
			ON t.name = i.name AND (own.name IS NOT NULL OR g.finished_at IS NULL)
		CROSS JOIN LATERAL erpgo_backup.schedule_run_after(
			i.name, i.cron, i.timezone, i.jitter,
			coalesce(greatest(g.finished_at, t.since), c.since)) AS e (run)
		CROSS JOIN LATERAL erpgo_backup.schedule_run_after(
			i.name, i.cron, i.timezone, i.jitter, e.run) AS n (run)
		WHERE i.enabled AND i.type = 'full')
		AS p (planned_at, due_at)
	LEFT JOIN erpgo_backup.repository_state AS r ON true;
COMMENT ON VIEW erpgo_backup.monitoring IS 'one row: what is measured';

