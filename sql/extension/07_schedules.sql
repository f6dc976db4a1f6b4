/*
 * Schedules.  Those that are there from the start are no rows, which would
 * collide when a dump of this database is restored.
 */

CREATE FUNCTION erpgo_backup.cron_is_valid(cron text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_cron_is_valid';
COMMENT ON FUNCTION erpgo_backup.cron_is_valid(text) IS 'is it a cron expression?';

CREATE TABLE erpgo_backup.schedule (
	name text COLLATE "C" PRIMARY KEY
		CHECK (octet_length(name) BETWEEN 1 AND 63),
	cron text COLLATE "C" NOT NULL
		CHECK (erpgo_backup.cron_is_valid(cron)),
	type text NOT NULL DEFAULT 'full'
		CHECK (type IN ('full', 'schema', 'data', 'physical', 'verify')),
	databases text[]
		CHECK (databases IS NULL OR
			   (type NOT IN ('physical', 'verify') AND cardinality(databases) > 0 AND
				array_position(databases, NULL) IS NULL)),
	timezone text COLLATE "C" NOT NULL DEFAULT 'UTC',
	enabled boolean NOT NULL DEFAULT true,
	catch_up boolean NOT NULL DEFAULT true,
	jitter interval NOT NULL DEFAULT '0'
		CHECK (jitter BETWEEN '0' AND '1 day'),
	maximum_duration interval
		CHECK (maximum_duration BETWEEN '0' AND '20 days')
);
COMMENT ON TABLE erpgo_backup.schedule IS 'schedules that were added or changed';
COMMENT ON COLUMN erpgo_backup.schedule.databases IS 'null: all';
COMMENT ON COLUMN erpgo_backup.schedule.catch_up IS 'a run that was missed is made up for, once';
COMMENT ON COLUMN erpgo_backup.schedule.jitter IS 'a run is put off by up to this';
COMMENT ON COLUMN erpgo_backup.schedule.maximum_duration IS 'null: as erpgo_backup.maximum_duration says';
SELECT pg_catalog.pg_extension_config_dump('erpgo_backup.schedule', '');

CREATE TABLE erpgo_backup.schedule_state (
	name text COLLATE "C" PRIMARY KEY,
	cron text COLLATE "C" NOT NULL,
	timezone text COLLATE "C" NOT NULL,
	since timestamptz NOT NULL DEFAULT clock_timestamp(),
	next_run timestamptz CHECK (isfinite(next_run)),
	last_run timestamptz,
	last_operation text,
	last_backup text COLLATE "C",
	last_skip timestamptz,
	skip_reason text,
	problem text
);
COMMENT ON TABLE erpgo_backup.schedule_state IS 'what the scheduler knows of schedules';
COMMENT ON COLUMN erpgo_backup.schedule_state.cron IS 'the expression for which next_run was found';
COMMENT ON COLUMN erpgo_backup.schedule_state.timezone IS 'the time zone for which next_run was found';
COMMENT ON COLUMN erpgo_backup.schedule_state.since IS 'when runs of this expression began to be planned';
COMMENT ON COLUMN erpgo_backup.schedule_state.problem IS 'why the schedule cannot run';

CREATE FUNCTION erpgo_backup.wake_scheduler() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_wake_scheduler';
COMMENT ON FUNCTION erpgo_backup.wake_scheduler() IS 'makes the scheduler look at a change';

CREATE TRIGGER wake_scheduler
	AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON erpgo_backup.schedule
	FOR EACH STATEMENT EXECUTE FUNCTION erpgo_backup.wake_scheduler();
ALTER TABLE erpgo_backup.schedule ENABLE ALWAYS TRIGGER wake_scheduler;
CREATE TRIGGER wake_scheduler
	AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON erpgo_backup.schedule_state
	FOR EACH STATEMENT EXECUTE FUNCTION erpgo_backup.wake_scheduler();
ALTER TABLE erpgo_backup.schedule_state ENABLE ALWAYS TRIGGER wake_scheduler;

CREATE FUNCTION erpgo_backup.microseconds(at timestamptz)
RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT (extract(epoch FROM microseconds.at) * 1000000)::bigint;
END;
COMMENT ON FUNCTION erpgo_backup.microseconds(timestamptz) IS 'a time since 1970';

CREATE VIEW erpgo_backup.verification_candidate AS
	SELECT b.id, m.made_at, m.proven_at, m.tried_at
	FROM erpgo_backup.backup AS b
	CROSS JOIN LATERAL (
		SELECT pg_catalog.max(t.started_at),
			   pg_catalog.max(t.started_at) FILTER (
				WHERE erpgo_backup.depth_rank(t.depth) OPERATOR(pg_catalog.>=) erpgo_backup.depth_rank('full')
				AND t.status OPERATOR(pg_catalog.=) ANY (ARRAY['ok', 'failed']))
		FROM erpgo_backup.attempt AS t
		WHERE t.backup_id OPERATOR(pg_catalog.=) b.id
		AND t.operation OPERATOR(pg_catalog.=) 'verify') AS a (tried_at, proven_at)
	CROSS JOIN LATERAL (
		SELECT erpgo_backup.microseconds(b.started_at),
			   erpgo_backup.microseconds(greatest(b.full_verified_at, a.proven_at)),
			   erpgo_backup.microseconds(a.tried_at)) AS m (made_at, proven_at, tried_at)
	WHERE b.present;
COMMENT ON VIEW erpgo_backup.verification_candidate
	IS 'backups that a schedule may verify: when each was made, looked at in full, and verified at all';

CREATE VIEW erpgo_backup.default_schedule AS
	SELECT d.name COLLATE "C" AS name, d.cron COLLATE "C" AS cron, d.type
	FROM (VALUES ('every 6 hours', '0 */6 * * *', 'full'),
				 ('daily verify', '30 3 * * *', 'verify'))
		AS d (name, cron, type)
	WHERE coalesce(pg_catalog.current_setting('erpgo_backup.default_schedules', true), 'on')
		OPERATOR(pg_catalog.<>) 'off';
COMMENT ON VIEW erpgo_backup.default_schedule IS 'schedules that are there from the start';

CREATE VIEW erpgo_backup.schedule_in_force AS
	SELECT s.name, s.cron, s.type, s.databases, s.timezone, s.enabled,
		   s.catch_up, s.jitter, s.maximum_duration
	FROM erpgo_backup.schedule AS s
	UNION ALL
	SELECT d.name, d.cron, d.type, NULL, 'UTC' COLLATE "C", true, true,
		   '0'::interval, NULL
	FROM erpgo_backup.default_schedule AS d
	WHERE NOT EXISTS (SELECT FROM erpgo_backup.schedule AS s
					  WHERE s.name OPERATOR(pg_catalog.=) d.name);
COMMENT ON VIEW erpgo_backup.schedule_in_force IS 'all schedules, as they are now';

CREATE FUNCTION erpgo_backup.schedule_plan(name text, cron text, timezone text,
	jitter interval, OUT next_run timestamptz, OUT problem text)
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_schedule_plan';
COMMENT ON FUNCTION erpgo_backup.schedule_plan(text, text, text, interval)
	IS 'when a schedule would run next, or why it cannot run';

CREATE FUNCTION erpgo_backup.schedule_run_after(name text, cron text,
	timezone text, jitter interval, after timestamptz)
RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_schedule_run_after';
COMMENT ON FUNCTION erpgo_backup.schedule_run_after(text, text, text, interval, timestamptz)
	IS 'the first run of a schedule after a moment; null if it cannot run';

CREATE VIEW erpgo_backup.schedule_outcome AS
	SELECT s.name, s.cron, s.type, s.databases, s.timezone, s.enabled,
		   CASE WHEN s.enabled THEN
			   coalesce(CASE WHEN p.cron OPERATOR(pg_catalog.=) s.cron
						AND p.timezone OPERATOR(pg_catalog.=) s.timezone
						THEN p.next_run END, n.next_run) END AS next_run,
		   p.last_run,
		   CASE WHEN p.last_operation OPERATOR(pg_catalog.=) 'verify' THEN
					(SELECT a.status FROM erpgo_backup.attempt AS a
					 WHERE a.schedule OPERATOR(pg_catalog.=) s.name
					 AND a.operation OPERATOR(pg_catalog.=) 'verify'
					 AND a.started_at OPERATOR(pg_catalog.>=) p.last_run
					 ORDER BY pg_catalog.array_position(
						ARRAY['running', 'failed', 'interrupted', 'cancelled', 'ok'], a.status)
					 LIMIT 1)
				ELSE (SELECT b.status FROM erpgo_backup.backup AS b
					  WHERE b.id OPERATOR(pg_catalog.=) p.last_backup)
		   END AS run_status,
		   p.last_skip, n.problem, p.skip_reason,
		   coalesce(p.last_skip OPERATOR(pg_catalog.>)
					coalesce(p.last_run, '-infinity'), false) AS is_skipped
	FROM erpgo_backup.schedule_in_force AS s
	LEFT JOIN erpgo_backup.schedule_state AS p
		ON p.name OPERATOR(pg_catalog.=) s.name,
	LATERAL erpgo_backup.schedule_plan(s.name, s.cron, s.timezone, s.jitter) AS n;
COMMENT ON VIEW erpgo_backup.schedule_outcome IS 'all schedules, with what is planned and what happened';

CREATE VIEW @extschema@.erpgo_backup_schedules AS
	SELECT o.name, o.cron, o.type, o.timezone, o.enabled, o.next_run,
		   pg_catalog.date_trunc('second', o.last_run) AS last_run,
		   CASE WHEN o.is_skipped THEN 'skipped' ELSE o.run_status END AS last_status,
		   pg_catalog.date_trunc('second', o.last_skip) AS last_skip,
		   coalesce(o.problem, o.skip_reason) AS reason,
		   o.databases
	FROM erpgo_backup.schedule_outcome AS o
	ORDER BY o.name;
COMMENT ON VIEW @extschema@.erpgo_backup_schedules IS 'what runs by itself, when, and how it ended last';

CREATE FUNCTION @extschema@.erpgo_backup_schedule(name text, cron text,
	type text DEFAULT 'full', databases text[] DEFAULT NULL,
	timezone text DEFAULT 'UTC', enabled boolean DEFAULT true,
	catch_up boolean DEFAULT true, jitter interval DEFAULT '0',
	maximum_duration interval DEFAULT NULL)
RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_schedule(text, text, text, text[], text, boolean, boolean, interval, interval)
	IS 'creates or changes a schedule and returns its next run';

CREATE FUNCTION @extschema@.erpgo_backup_unschedule(name text)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_unschedule(text)
	IS 'ends a schedule; false if there is none';

CREATE FUNCTION @extschema@.erpgo_backup_next_runs(cron text,
	timezone text DEFAULT 'UTC', after timestamptz DEFAULT now(),
	count integer DEFAULT 5)
RETURNS SETOF timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_next_runs(text, text, timestamptz, integer)
	IS 'when a cron expression runs';

REVOKE ALL ON FUNCTION
	@extschema@.erpgo_backup_schedule(text, text, text, text[], text, boolean, boolean, interval, interval),
	@extschema@.erpgo_backup_unschedule(text),
	@extschema@.erpgo_backup_next_runs(text, text, timestamptz, integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
	erpgo_backup.schedule_plan(text, text, text, interval),
	erpgo_backup.schedule_run_after(text, text, text, interval, timestamptz)
TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_schedules TO pg_monitor;

