/*
 * Copies in further repositories: which are to be made, and how they are
 * doing.
 */

CREATE FUNCTION erpgo_backup.repositories(OUT name text, OUT url text, OUT wal text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE ROWS 8
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_repositories';
COMMENT ON FUNCTION erpgo_backup.repositories()
	IS 'the repositories that are configured; the first one receives backups, the others copies';

CREATE VIEW erpgo_backup.further_repository AS
	SELECT r.name, r.url, r.wal
	FROM erpgo_backup.repositories() AS r
	WHERE r.name <> '1';
COMMENT ON VIEW erpgo_backup.further_repository IS 'the repositories that receive copies';

CREATE FUNCTION erpgo_backup.backup_marks(backup erpgo_backup.backup)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT jsonb_build_array((backup_marks.backup).pinned, (backup_marks.backup).pin_reason,
							 (backup_marks.backup).annotations);
END;
COMMENT ON FUNCTION erpgo_backup.backup_marks(erpgo_backup.backup)
	IS 'what was noted of a backup, which its copies are to have as well';

CREATE FUNCTION erpgo_backup.repository_place(url text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT CASE WHEN starts_with(repository_place.url, 's3://')
		THEN split_part(repository_place.url, '?', 1)
			|| coalesce('?' || substring(repository_place.url FROM '[?&](endpoint=[^&]*)'), '')
		ELSE repository_place.url END;
END;
COMMENT ON FUNCTION erpgo_backup.repository_place(text)
	IS 'what of a URL says where the repository is, without how to treat it';

CREATE FUNCTION erpgo_backup.copies_plan()
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	/* One whose parameters were changed has what it had. */
	UPDATE erpgo_backup.copy AS c
	SET repository = f.url
	FROM erpgo_backup.further_repository AS f
	WHERE c.status <> 'copying'
	AND c.repository <> ALL (SELECT r.url FROM erpgo_backup.further_repository AS r)
	AND erpgo_backup.repository_place(f.url) = erpgo_backup.repository_place(c.repository)
	AND NOT EXISTS (SELECT FROM erpgo_backup.copy AS o
					WHERE o.backup_id = c.backup_id AND o.repository = f.url);
	/* What cannot be made any more, or is not to be. */
	DELETE FROM erpgo_backup.copy AS c
	USING erpgo_backup.backup AS b
	WHERE b.id = c.backup_id AND c.status <> 'copying'
	AND CASE WHEN EXISTS (SELECT FROM erpgo_backup.further_repository AS f WHERE f.url = c.repository)
		THEN c.copied_at IS NULL AND c.status <> 'deleted' AND b.status <> 'ok'
			-- What was lost, and cannot be copied any more, is told for a week.
			AND (c.damage IS NULL OR (NOT b.present AND c.due_since < clock_timestamp() - interval '7 days'))
		ELSE c.copied_at IS NULL OR NOT b.present END;
	DELETE FROM erpgo_backup.copy_target AS t
	WHERE NOT EXISTS (SELECT FROM erpgo_backup.further_repository AS f WHERE f.url = t.repository);
	INSERT INTO erpgo_backup.copy_target (repository)
	SELECT f.url FROM erpgo_backup.further_repository AS f
	WHERE NOT EXISTS (SELECT FROM erpgo_backup.copy_target AS t WHERE t.repository = f.url)
	ON CONFLICT DO NOTHING;
	INSERT INTO erpgo_backup.copy (backup_id, repository)
	SELECT b.id, f.url
	FROM erpgo_backup.backup AS b
	CROSS JOIN erpgo_backup.further_repository AS f
	WHERE b.status = 'ok'
	AND NOT EXISTS (SELECT FROM erpgo_backup.copy AS c
					WHERE c.backup_id = b.id AND c.repository = f.url)
	ON CONFLICT DO NOTHING;
	/* There is no more to be brought over from one that is gone. */
	UPDATE erpgo_backup.copy AS c
	SET status = 'ok', due_since = NULL, mend = false, error = NULL, hint = NULL
	FROM erpgo_backup.backup AS b
	WHERE b.id = c.backup_id AND NOT b.present
	AND c.status IN ('pending', 'failed') AND c.copied_at IS NOT NULL AND c.damage IS NULL;
	UPDATE erpgo_backup.copy AS c
	SET status = 'pending', due_since = clock_timestamp(), attempts = 0,
		next_try_at = clock_timestamp()
	FROM erpgo_backup.backup AS b
	WHERE b.id = c.backup_id AND b.status = 'ok' AND c.status = 'ok'
	AND c.marks IS DISTINCT FROM erpgo_backup.backup_marks(b);
END;
COMMENT ON FUNCTION erpgo_backup.copies_plan()
	IS 'has each good backup copied to each further repository, and what was noted of it since';

CREATE FUNCTION erpgo_backup.copies_want(id text, repository text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.copy AS c (backup_id, repository, mend)
	VALUES (copies_want.id, copies_want.repository, true)
	ON CONFLICT (backup_id, repository) DO UPDATE
	SET status = CASE c.status WHEN 'copying' THEN c.status ELSE 'pending' END,
		due_since = coalesce(c.due_since, clock_timestamp()),
		attempts = 0, next_try_at = clock_timestamp(), mend = true;
	UPDATE erpgo_backup.copy_target AS t
	SET next_try_at = clock_timestamp()
	WHERE t.repository = copies_want.repository AND t.next_try_at > clock_timestamp();
END;
COMMENT ON FUNCTION erpgo_backup.copies_want(text, text) IS 'has a backup copied soon, also one whose copy was deleted; one that is there is read, and mended';

CREATE VIEW erpgo_backup.copy_of_backup AS
	SELECT f.name, c.*, b.started_at AS made_since, b.finished_at AS made_at,
		   b.status AS status_of_backup,
		   c.copied_at IS NOT NULL AND c.damage IS NULL AS is_there,
		   c.status IN ('pending', 'copying', 'failed') AS is_due,
		   -- No pause is longer, unless the clock was set back.  What is damaged itself mends nothing.
		   CASE WHEN c.status IN ('pending', 'failed') AND (b.status = 'ok' OR NOT c.mend) THEN
			least(greatest(c.next_try_at, t.next_try_at), clock_timestamp() + interval '1 hour') END AS try_at
	FROM erpgo_backup.copy AS c
	JOIN erpgo_backup.backup AS b ON b.id = c.backup_id
	LEFT JOIN erpgo_backup.further_repository AS f ON f.url = c.repository
	LEFT JOIN erpgo_backup.copy_target AS t ON t.repository = c.repository;
COMMENT ON VIEW erpgo_backup.copy_of_backup
	IS 'copies and the backups that they are of; without a name, the repository is not configured any more';

CREATE VIEW erpgo_backup.copy_agenda AS
	SELECT c.repository AS url,
		   -- One that fails again and again lets others go first.
		   (array_agg(c.backup_id ORDER BY c.attempts / 3, c.backup_id DESC)
			FILTER (WHERE c.try_at <= t.now))[1] AS backup_id,
		   (array_agg(c.mend ORDER BY c.attempts / 3, c.backup_id DESC)
			FILTER (WHERE c.try_at <= t.now))[1] AS mend,
		   ceil(1000 * extract(epoch FROM min(c.try_at) - min(t.now)))::bigint AS next_ms
	FROM erpgo_backup.copy_of_backup AS c
	CROSS JOIN (SELECT clock_timestamp()) AS t (now)
	WHERE c.name IS NOT NULL AND c.try_at IS NOT NULL
	GROUP BY c.repository;
COMMENT ON VIEW erpgo_backup.copy_agenda
	IS 'for each repository that lacks copies, the one to be made now, the newest first, and when there is one to be made';

CREATE FUNCTION erpgo_backup.interruption_pause(attempts integer)
RETURNS interval
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT CASE WHEN interruption_pause.attempts < 2 THEN interval '0'
		ELSE erpgo_backup.retry_pause(interruption_pause.attempts) END;
END;
COMMENT ON FUNCTION erpgo_backup.interruption_pause(integer)
	IS 'the pause after an attempt to copy that was interrupted: none after the first one, so that a restart costs no time';

CREATE FUNCTION erpgo_backup.copy_begin(id text, repository text, mend text DEFAULT 'false')
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.copy AS c
		(backup_id, repository, status, attempts, started_at, marks, mend)
	SELECT b.id, copy_begin.repository, 'copying', 1, clock_timestamp(), erpgo_backup.backup_marks(b),
		   copy_begin.mend::boolean
	FROM erpgo_backup.backup AS b
	WHERE b.id = copy_begin.id
	ON CONFLICT (backup_id, repository) DO UPDATE
	SET status = 'copying', attempts = c.attempts + 1,
		due_since = coalesce(c.due_since, clock_timestamp()),
		started_at = EXCLUDED.started_at, finished_at = NULL, marks = EXCLUDED.marks,
		mend = c.mend OR EXCLUDED.mend;
END;
COMMENT ON FUNCTION erpgo_backup.copy_begin(text, text, text)
	IS 'notes that a copy begins; mend: one that is there is read, and mended';

CREATE FUNCTION erpgo_backup.copy_end(id text, repository text, outcome text,
									  result text, is_its_own text, error text, hint text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.copy AS c
	SET status = CASE WHEN w.is_wanted THEN 'pending' ELSE 'ok' END, mend = w.is_wanted,
		damage = CASE WHEN w.is_wanted THEN c.damage END,
		damage_depth = CASE WHEN w.is_wanted THEN c.damage_depth END,
		due_since = CASE WHEN w.is_wanted THEN c.due_since END, finished_at = clock_timestamp(),
		copied_at = coalesce(c.copied_at, clock_timestamp()),
		stored_bytes = coalesce(j.stored_bytes, c.stored_bytes),
		verified_at = CASE WHEN j.depth IS NULL THEN c.verified_at ELSE clock_timestamp() END,
		verified_depth = coalesce(j.depth, c.verified_depth),
		error = NULL, hint = NULL
	FROM jsonb_to_record(coalesce(copy_end.result::jsonb, '{}')) AS j (stored_bytes bigint, depth text),
		/* Somebody may have asked for it to be read since. */
		LATERAL (SELECT o.mend AND j.depth IS NULL
				 FROM erpgo_backup.copy AS o
				 WHERE o.backup_id = copy_end.id AND o.repository = copy_end.repository) AS w (is_wanted)
	WHERE c.backup_id = copy_end.id AND c.repository = copy_end.repository
	AND copy_end.outcome = 'ok';
	UPDATE erpgo_backup.copy AS c
	SET status = CASE copy_end.outcome WHEN 'interrupted' THEN 'pending' ELSE 'failed' END,
		finished_at = clock_timestamp(), marks = NULL,
		next_try_at = CASE
			WHEN copy_end.outcome = 'cancelled' THEN clock_timestamp() + interval '1 hour'
			WHEN copy_end.outcome = 'interrupted' THEN clock_timestamp() + erpgo_backup.interruption_pause(c.attempts)
			WHEN copy_end.is_its_own::boolean THEN clock_timestamp() + erpgo_backup.retry_pause(c.attempts)
			ELSE clock_timestamp() END,
		error = copy_end.error, hint = copy_end.hint
	WHERE c.backup_id = copy_end.id AND c.repository = copy_end.repository
	AND copy_end.outcome <> 'ok';
	/* What would fail with any other backup holds all of them. */
	UPDATE erpgo_backup.copy_target AS t
	SET failures = CASE copy_end.outcome WHEN 'ok' THEN 0 ELSE t.failures + 1 END,
		next_try_at = clock_timestamp()
			+ CASE copy_end.outcome WHEN 'ok' THEN interval '0' ELSE erpgo_backup.retry_pause(t.failures + 1) END
	WHERE t.repository = copy_end.repository
	AND (copy_end.outcome = 'ok' OR (copy_end.outcome = 'failed' AND NOT copy_end.is_its_own::boolean));
END;
COMMENT ON FUNCTION erpgo_backup.copy_end(text, text, text, text, text, text, text)
	IS 'notes how a copy ended; result: what the engine said, a JSON object; is_its_own: the backup itself was the reason, not the repository';

CREATE FUNCTION erpgo_backup.copy_look(id text, repository text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.copy AS c
	SET looked_at = clock_timestamp()
	WHERE c.backup_id = copy_look.id AND c.repository = copy_look.repository;
END;
COMMENT ON FUNCTION erpgo_backup.copy_look(text, text) IS 'notes that the verification of a copy begins';

CREATE FUNCTION erpgo_backup.copy_looked(id text, repository text, outcome text, depth text,
										 is_its_own text, finding text, message text, hint text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.copy AS c
	SET verified_at = clock_timestamp(), verified_depth = copy_looked.depth
	WHERE c.backup_id = copy_looked.id AND c.repository = copy_looked.repository
	AND copy_looked.outcome = 'ok' AND (c.copied_at IS NOT NULL OR c.damage IS NOT NULL);
	-- What looked deeper and failed is not taken back.
	UPDATE erpgo_backup.copy AS c
	SET status = 'ok', due_since = NULL, mend = false, damage = NULL, damage_depth = NULL,
		copied_at = coalesce(c.copied_at, clock_timestamp()), error = NULL, hint = NULL
	WHERE c.backup_id = copy_looked.id AND c.repository = copy_looked.repository
	AND copy_looked.outcome = 'ok' AND c.damage IS NOT NULL AND c.status <> 'copying'
	AND erpgo_backup.depth_rank(c.damage_depth) <= erpgo_backup.depth_rank(copy_looked.depth);
	UPDATE erpgo_backup.copy AS c
	SET status = CASE c.status WHEN 'copying' THEN c.status ELSE 'failed' END,
		damage = copy_looked.message, error = copy_looked.message, hint = copy_looked.hint,
		damage_depth = CASE
			WHEN copy_looked.finding = 'gone' THEN 'digest'
			WHEN erpgo_backup.depth_rank(c.damage_depth)
				> erpgo_backup.depth_rank(copy_looked.depth) THEN c.damage_depth
			ELSE copy_looked.depth END,
		copied_at = CASE WHEN copy_looked.finding <> 'gone' THEN c.copied_at END,
		mend = true, due_since = coalesce(c.due_since, clock_timestamp()),
		attempts = 0, next_try_at = clock_timestamp()
	WHERE c.backup_id = copy_looked.id AND c.repository = copy_looked.repository
	AND copy_looked.finding IS NOT NULL AND c.copied_at IS NOT NULL;
	/* What would fail with any other copy lets the series pass over all of them. */
	UPDATE erpgo_backup.copy AS c
	SET looked_at = clock_timestamp()
	WHERE c.repository = copy_looked.repository
	AND copy_looked.outcome = 'failed' AND NOT copy_looked.is_its_own::boolean;
END;
COMMENT ON FUNCTION erpgo_backup.copy_looked(text, text, text, text, text, text, text, text)
	IS 'notes how the verification of a copy ended; is_its_own: the copy itself was the reason, not the repository; finding: damaged, gone, or null';

CREATE VIEW erpgo_backup.copy_candidate AS
	SELECT c.backup_id AS id, c.repository, erpgo_backup.microseconds(b.started_at) AS made_at,
		   erpgo_backup.microseconds(coalesce(c.verified_at, c.copied_at)) AS proven_at,
		   erpgo_backup.microseconds(c.looked_at) AS tried_at
	FROM erpgo_backup.copy AS c
	JOIN erpgo_backup.backup AS b ON b.id = c.backup_id
	JOIN erpgo_backup.further_repository AS f ON f.url = c.repository
	WHERE c.status = 'ok' AND c.copied_at IS NOT NULL;
COMMENT ON VIEW erpgo_backup.copy_candidate
	IS 'copies that a schedule may verify: when the backup was made, and each was read and looked at last';

CREATE FUNCTION erpgo_backup.copies_release()
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.copy_target AS t
	SET next_try_at = clock_timestamp()
	WHERE t.next_try_at > clock_timestamp();
END;
COMMENT ON FUNCTION erpgo_backup.copies_release()
	IS 'lets every repository be tried again soon, as something may have been mended';

CREATE FUNCTION erpgo_backup.copy_interrupted(id text, repository text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.copy AS c
	SET status = 'pending', marks = NULL, next_try_at = clock_timestamp() + erpgo_backup.interruption_pause(c.attempts)
	WHERE c.backup_id = copy_interrupted.id AND c.repository = copy_interrupted.repository
	AND c.status = 'copying';
END;
COMMENT ON FUNCTION erpgo_backup.copy_interrupted(text, text)
	IS 'repairs the row of a copy whose job ended without telling';

CREATE FUNCTION erpgo_backup.copy_deleted(role text, client text, deletion text, repository text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH gone AS (
		UPDATE erpgo_backup.copy AS c
		SET status = 'deleted', copied_at = NULL, due_since = NULL, marks = NULL, mend = false,
			damage = NULL, damage_depth = NULL
		WHERE c.backup_id = copy_deleted.deletion::jsonb ->> 'id'
		AND c.repository = copy_deleted.repository
		RETURNING c.stored_bytes)
	INSERT INTO erpgo_backup.audit
		(role, client, action, object, type, size, outcome, retention, detail)
	SELECT copy_deleted.role, copy_deleted.client, 'delete copy', j.id, j.type,
		   coalesce((SELECT g.stored_bytes FROM gone AS g), j.bytes), 'ok', j.reason,
		   jsonb_strip_nulls(jsonb_build_object('role', j.role, 'repository', copy_deleted.repository))
	FROM jsonb_to_record(copy_deleted.deletion::jsonb) AS j
		(id text, type text, role text, reason text, bytes bigint);
END;
COMMENT ON FUNCTION erpgo_backup.copy_deleted(text, text, text, text)
	IS 'notes that a copy, or WAL, was deleted from a further repository, and the rule that decided it; deletion is a JSON object';

CREATE FUNCTION erpgo_backup.copy_target_cleaned(repository text, problem text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.copy_target AS t
	SET cleanup_problem = copy_target_cleaned.problem
	WHERE t.repository = copy_target_cleaned.repository
	AND t.cleanup_problem IS DISTINCT FROM copy_target_cleaned.problem;
END;
COMMENT ON FUNCTION erpgo_backup.copy_target_cleaned(text, text)
	IS 'notes how a clean-up of a further repository went; without a problem it went well';

/*
 * How copies are doing.  What is late is what a repository lacks of the
 * backups after the newest one that it has, and what could not be copied: a
 * new repository that is being filled with old backups is none.
 */
CREATE VIEW erpgo_backup.copy_summary AS
	SELECT f.name, f.url, p.copies, p.due, p.copying, p.failed, n.newest_id, n.newest_made_at,
		   l.late, l.late_since, l.late_id, l.error
	FROM erpgo_backup.further_repository AS f
	CROSS JOIN LATERAL (
		SELECT count(*) FILTER (WHERE c.is_there AND c.status = 'ok'),
			   count(*) FILTER (WHERE c.status = 'pending'),
			   count(*) FILTER (WHERE c.status = 'copying'),
			   count(*) FILTER (WHERE c.status = 'failed')
		FROM erpgo_backup.copy_of_backup AS c
		WHERE c.repository = f.url) AS p (copies, due, copying, failed)
	LEFT JOIN LATERAL (
		SELECT c.backup_id, c.made_at
		FROM erpgo_backup.copy_of_backup AS c
		WHERE c.repository = f.url AND c.is_there
		ORDER BY c.backup_id DESC LIMIT 1) AS n (newest_id, newest_made_at) ON true
	CROSS JOIN LATERAL (
		SELECT count(*), min(c.due_since), max(c.backup_id),
			   (array_agg(c.error ORDER BY c.backup_id DESC) FILTER (WHERE c.error IS NOT NULL))[1]
		FROM erpgo_backup.copy_of_backup AS c
		WHERE c.repository = f.url AND c.is_due
		AND (c.status = 'failed' OR c.backup_id > coalesce(n.newest_id, ''))) AS l (late, late_since, late_id, error);
COMMENT ON VIEW erpgo_backup.copy_summary IS 'how each further repository is doing';

CREATE VIEW erpgo_backup.copy_health AS
	SELECT s.name, s.url, s.copies, s.late, s.late_since, s.late_id, s.error, s.newest_id, s.newest_made_at,
		   t.now, t.after, s.late_since + t.after AS delayed_at,
		   coalesce(t.now >= s.late_since + t.after, false) AS is_delayed,
		   coalesce(t.now >= s.late_since + interval '24 hours'
					AND coalesce(max(s.newest_made_at) OVER (), '-infinity') < t.now - interval '24 hours',
					false) AS is_critical
	FROM erpgo_backup.copy_summary AS s
	CROSS JOIN (
		SELECT clock_timestamp(),
			   nullif(coalesce(current_setting('erpgo_backup.copy_delayed_after', true), '8h')::interval, '0'))
		AS t (now, after);
COMMENT ON VIEW erpgo_backup.copy_health
	IS 'whether copies are delayed, and whether no further repository has any of the last 24 hours';

CREATE VIEW erpgo_backup.copy_room AS
	SELECT f.name, f.url, t.free_bytes, t.total_bytes, t.measured_at,
		   100.0 * t.free_bytes / t.total_bytes AS free_percent,
		   coalesce(current_setting('erpgo_backup.minimum_free_space', true), '5')::numeric AS minimum_free
	FROM erpgo_backup.further_repository AS f
	JOIN erpgo_backup.copy_target AS t ON t.repository = f.url
	WHERE t.measured_at IS NOT NULL;
COMMENT ON VIEW erpgo_backup.copy_room
	IS 'the room in further repositories, where it is known, when the engine saw it last';

CREATE FUNCTION erpgo_backup.wal_followers(OUT name text, OUT url text,
	OUT copied_at timestamptz, OUT failed_at timestamptz, OUT failures integer, OUT next_try_at timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 8
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_wal_followers';
COMMENT ON FUNCTION erpgo_backup.wal_followers()
	IS 'the repositories that WAL follows to: until when they have all, since when no more could be copied, and when that is tried again, from shared memory';

CREATE VIEW erpgo_backup.wal_follower AS
	SELECT w.name, w.url, w.copied_at, w.failed_at, w.next_try_at, t.now, w.failed_at + t.after AS delayed_at
	FROM erpgo_backup.wal_followers() AS w
	CROSS JOIN (
		SELECT clock_timestamp(),
			   nullif(coalesce(current_setting('erpgo_backup.copy_delayed_after', true), '8h')::interval, '0'))
		AS t (now, after);
COMMENT ON VIEW erpgo_backup.wal_follower IS 'the repositories that WAL follows to, and when it counts as delayed';

CREATE VIEW @extschema@.erpgo_backup_copies AS
	SELECT c.backup_id AS id, c.name, c.status,
		   date_trunc('second', clock_timestamp() - c.made_since) AS age,
		   pg_size_pretty(c.stored_bytes) AS stored, c.verified_depth AS verified,
		   c.attempts, c.try_at AS next_try_at, c.error, c.hint, c.started_at, c.finished_at, c.copied_at,
		   c.stored_bytes, c.verified_at, c.repository
	FROM erpgo_backup.copy_of_backup AS c
	ORDER BY c.backup_id DESC, c.name, c.repository;
COMMENT ON VIEW @extschema@.erpgo_backup_copies
	IS 'copies in further repositories, newest backups first; without a name, the repository is not configured any more';

CREATE FUNCTION @extschema@.erpgo_backup_copy(id text DEFAULT 'latest',
	repository text DEFAULT NULL, wait boolean DEFAULT true)
RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_copy(text, text, boolean)
	IS 'copies a backup to one of the further repositories, or all, and returns its identifier';

REVOKE ALL ON FUNCTION @extschema@.erpgo_backup_copy(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erpgo_backup.repositories(), erpgo_backup.wal_followers() TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_copies TO pg_monitor;
