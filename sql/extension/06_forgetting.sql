/*
 * What is forgotten after a while.  What would count as time passes must not
 * go back because of that.
 */

CREATE TABLE erpgo_backup.forgotten_attempts (
	operation text NOT NULL,
	status text NOT NULL,
	attempts bigint NOT NULL,
	PRIMARY KEY (operation, status)
);
COMMENT ON TABLE erpgo_backup.forgotten_attempts IS 'how many attempts ended how that are remembered no more';

CREATE VIEW erpgo_backup.past_backup AS
	SELECT b.id, coalesce(b.deleted_at, b.finished_at, b.started_at) AS past_since
	FROM erpgo_backup.backup AS b
	WHERE NOT b.present AND NOT b.leftovers
	AND NOT EXISTS (SELECT FROM erpgo_backup.copy AS c
					WHERE c.backup_id OPERATOR(pg_catalog.=) b.id AND (c.copied_at IS NOT NULL OR c.damage IS NOT NULL))
	AND b.status OPERATOR(pg_catalog.<>) ALL (ARRAY['running', 'verifying']);
COMMENT ON VIEW erpgo_backup.past_backup IS 'backups that are in no repository, and since when';

CREATE FUNCTION erpgo_backup.forget(days text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH gone AS (
		DELETE FROM erpgo_backup.attempt AS a
		WHERE a.status <> 'running'
		AND (a.backup_id IN (SELECT p.id FROM erpgo_backup.past_backup AS p
							 WHERE p.past_since < now() - make_interval(days => forget.days::integer))
			 OR (a.operation = 'verify'
				 AND a.finished_at < now() - make_interval(days => forget.days::integer)))
		RETURNING a.operation, a.status)
	INSERT INTO erpgo_backup.forgotten_attempts AS f (operation, status, attempts)
	SELECT g.operation, g.status, count(*) FROM gone AS g GROUP BY g.operation, g.status
	ON CONFLICT (operation, status) DO UPDATE SET attempts = f.attempts + EXCLUDED.attempts;

	DELETE FROM erpgo_backup.backup AS b
	WHERE b.id IN (SELECT p.id FROM erpgo_backup.past_backup AS p
				   WHERE p.past_since < now() - make_interval(days => forget.days::integer));

	WITH gone AS (
		DELETE FROM erpgo_backup.audit AS a
		WHERE a.at < now() - make_interval(days => forget.days::integer)
		RETURNING a.at)
	INSERT INTO erpgo_backup.audit (action, outcome, retention, detail)
	SELECT 'forget', 'ok', format('older than %s days', forget.days),
		   jsonb_build_object('entries', count(*), 'last', max(g.at))
	FROM gone AS g
	HAVING count(*) > 0;
END;
COMMENT ON FUNCTION erpgo_backup.forget(text)
	IS 'removes the audit, and what is past, of before so many days; only the scheduler can';

