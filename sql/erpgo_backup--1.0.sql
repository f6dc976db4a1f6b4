/* The objects of the extension erpgo_backup 1.0. */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION erpgo_backup" to load this file. \quit

CREATE SCHEMA erpgo_backup;
COMMENT ON SCHEMA erpgo_backup IS 'what erpgo_backup knows of backups; rebuilt from the repository by erpgo_backup_sync()';

/*
 * Tables.  They mirror the repository and are not dumped: the ones of a
 * restored database would speak of another server.
 */

CREATE TABLE erpgo_backup.backup (
	id text COLLATE "C" PRIMARY KEY,
	type text NOT NULL
		CHECK (type IN ('full', 'schema', 'data', 'physical', 'incremental')),
	status text NOT NULL
		CHECK (status IN ('running', 'verifying', 'ok', 'failed', 'cancelled',
						  'interrupted', 'deleted')),
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	size_bytes bigint,
	stored_bytes bigint,
	verified_at timestamptz,
	verified_depth text,
	verification_error text,
	compression text,
	cipher text,
	key_id text,
	server_version integer,
	engine_version text,
	databases text[],
	label text,
	schedule text,
	pinned boolean NOT NULL DEFAULT false,
	pin_reason text,
	annotations jsonb NOT NULL DEFAULT '{}',
	objects jsonb NOT NULL DEFAULT '[]',
	error text,
	seen_at timestamptz,
	timeline integer,
	leftovers boolean NOT NULL DEFAULT false,
	present boolean NOT NULL GENERATED ALWAYS AS
		(status = 'ok' OR (status = 'failed' AND verification_error IS NOT NULL)) STORED
);
COMMENT ON TABLE erpgo_backup.backup IS 'backups, one row each';
COMMENT ON COLUMN erpgo_backup.backup.seen_at IS 'when it was last seen in the repository';
COMMENT ON COLUMN erpgo_backup.backup.timeline IS 'of the server when it began; null if another server made it';
COMMENT ON COLUMN erpgo_backup.backup.leftovers IS 'an unfinished run may have left objects in the repository';
COMMENT ON COLUMN erpgo_backup.backup.present IS 'it is in the repository, be it damaged';

CREATE TABLE erpgo_backup.attempt (
	backup_id text COLLATE "C" NOT NULL
		REFERENCES erpgo_backup.backup (id) ON DELETE CASCADE,
	operation text NOT NULL CHECK (operation IN ('backup', 'verify')),
	number integer NOT NULL,
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	status text NOT NULL
		CHECK (status IN ('running', 'ok', 'failed', 'cancelled', 'interrupted')),
	phase text,
	bytes bigint,
	error text,
	sqlstate text,
	detail text,
	hint text,
	PRIMARY KEY (backup_id, operation, number)
);
COMMENT ON TABLE erpgo_backup.attempt IS 'every attempt to make or to verify a backup';

CREATE TABLE erpgo_backup.audit (
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	role text,
	client text,
	action text NOT NULL,
	object text,
	type text,
	size bigint,
	outcome text NOT NULL,
	detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE erpgo_backup.audit IS 'who did what; rows can only be added';
CREATE INDEX audit_at_idx ON erpgo_backup.audit (at);

CREATE FUNCTION erpgo_backup.refuse_change() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_refuse_change';
COMMENT ON FUNCTION erpgo_backup.refuse_change() IS 'lets nobody change what was recorded';

CREATE TRIGGER refuse_change
	BEFORE UPDATE OR DELETE OR TRUNCATE ON erpgo_backup.audit
	FOR EACH STATEMENT EXECUTE FUNCTION erpgo_backup.refuse_change();
ALTER TABLE erpgo_backup.audit ENABLE ALWAYS TRIGGER refuse_change;

/*
 * What the workers write.  All arguments are texts, because that is what they
 * have; only the owner may call these.
 */

CREATE FUNCTION erpgo_backup.audit_add(role text, client text, action text,
									   object text, outcome text, message text,
									   key text, value text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.audit
		(role, client, action, object, type, size, outcome, detail)
	SELECT audit_add.role, audit_add.client, audit_add.action,
		   audit_add.object, b.type, b.stored_bytes, audit_add.outcome,
		   jsonb_strip_nulls(jsonb_build_object('message', audit_add.message,
												'key', audit_add.key,
												'value', audit_add.value))
	FROM (VALUES (1)) AS one (row)
	LEFT JOIN erpgo_backup.backup AS b ON b.id = audit_add.object;
END;
COMMENT ON FUNCTION erpgo_backup.audit_add(text, text, text, text, text, text, text, text)
	IS 'adds a row to the audit';

CREATE FUNCTION erpgo_backup.backup_begin(id text, type text, databases text,
										  label text, timeline text,
										  schedule text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.backup
		(id, type, status, started_at, databases, label, timeline, schedule,
		 leftovers)
	VALUES (backup_begin.id, backup_begin.type, 'running', clock_timestamp(),
			CASE WHEN backup_begin.databases IS NOT NULL THEN
				ARRAY(SELECT jsonb_array_elements_text(backup_begin.databases::jsonb))
			END,
			backup_begin.label, backup_begin.timeline::integer,
			backup_begin.schedule, true);
END;
COMMENT ON FUNCTION erpgo_backup.backup_begin(text, text, text, text, text, text)
	IS 'notes that a backup begins; databases is a JSON array';

CREATE FUNCTION erpgo_backup.backup_take(backup text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.backup AS b
		(id, type, status, started_at, finished_at, size_bytes, stored_bytes,
		 verified_at, verified_depth, verification_error, compression, cipher,
		 key_id, server_version, engine_version, databases, label, schedule,
		 pinned, pin_reason, annotations, objects, seen_at)
	SELECT j.id, j.type, CASE j.status WHEN 'ok' THEN 'ok' ELSE 'failed' END,
		   coalesce(j.started_at,
					to_timestamp(substr(j.id, 1, 15), 'YYYYMMDD"T"HH24MISS')::timestamp
						AT TIME ZONE 'UTC'),
		   j.finished_at, j.size_bytes, j.stored_bytes, j.verified_at,
		   j.verified_depth,
		   CASE WHEN j.status IS DISTINCT FROM 'ok' THEN
			   coalesce(j.verification_error, j.error, 'unknown') END,
		   j.compression, j.cipher, j.key_id, j.server_version,
		   j.engine_version, j.databases, j.label, j.schedule,
		   coalesce(j.pinned, false), j.pin_reason,
		   coalesce(j.annotations, '{}'), coalesce(j.objects, '[]'),
		   clock_timestamp()
	FROM jsonb_to_record(backup_take.backup::jsonb) AS j
		(id text, type text, status text, error text, started_at timestamptz,
		 finished_at timestamptz, size_bytes bigint, stored_bytes bigint,
		 verified_at timestamptz, verified_depth text, verification_error text,
		 compression text, cipher text, key_id text, server_version integer,
		 engine_version text, databases text[], label text, schedule text,
		 pinned boolean, pin_reason text, annotations jsonb, objects jsonb)
	ON CONFLICT (id) DO UPDATE SET
		status = EXCLUDED.status,
		error = NULL,
		verification_error = EXCLUDED.verification_error,
		started_at = EXCLUDED.started_at,
		finished_at = coalesce(EXCLUDED.finished_at, b.finished_at),
		size_bytes = coalesce(EXCLUDED.size_bytes, b.size_bytes),
		stored_bytes = coalesce(EXCLUDED.stored_bytes, b.stored_bytes),
		verified_at = coalesce(EXCLUDED.verified_at, b.verified_at),
		verified_depth = coalesce(EXCLUDED.verified_depth, b.verified_depth),
		compression = coalesce(EXCLUDED.compression, b.compression),
		cipher = coalesce(EXCLUDED.cipher, b.cipher),
		key_id = coalesce(EXCLUDED.key_id, b.key_id),
		server_version = coalesce(EXCLUDED.server_version, b.server_version),
		engine_version = coalesce(EXCLUDED.engine_version, b.engine_version),
		databases = coalesce(EXCLUDED.databases, b.databases),
		label = coalesce(EXCLUDED.label, b.label),
		schedule = coalesce(EXCLUDED.schedule, b.schedule),
		pinned = EXCLUDED.pinned,
		pin_reason = EXCLUDED.pin_reason,
		annotations = EXCLUDED.annotations,
		objects = EXCLUDED.objects,
		seen_at = EXCLUDED.seen_at,
		leftovers = false;
END;
COMMENT ON FUNCTION erpgo_backup.backup_take(text)
	IS 'takes over what the engine says of a backup, a JSON object';

CREATE FUNCTION erpgo_backup.backup_end(id text, status text, error text,
										leftovers text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.backup AS b
	SET status = backup_end.status, finished_at = clock_timestamp(),
		error = backup_end.error, leftovers = backup_end.leftovers::boolean
	WHERE b.id = backup_end.id;
END;
COMMENT ON FUNCTION erpgo_backup.backup_end(text, text, text, text)
	IS 'notes that a backup was not made';

CREATE FUNCTION erpgo_backup.backup_verified(id text, at text, depth text,
											 problem text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.backup AS b
	SET status = CASE WHEN backup_verified.problem IS NULL THEN 'ok' ELSE 'failed' END,
		verification_error = backup_verified.problem,
		verified_at = CASE WHEN backup_verified.problem IS NULL
			THEN backup_verified.at::timestamptz ELSE b.verified_at END,
		verified_depth = CASE WHEN backup_verified.problem IS NULL
			THEN backup_verified.depth ELSE b.verified_depth END
	WHERE b.id = backup_verified.id AND b.present;
END;
COMMENT ON FUNCTION erpgo_backup.backup_verified(text, text, text, text)
	IS 'notes what a verification found; without a problem it went well';

CREATE FUNCTION erpgo_backup.backup_change(id text, kind text, key text,
										   value text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.backup AS b
	SET pinned = CASE backup_change.kind
			WHEN 'pin' THEN true WHEN 'unpin' THEN false ELSE b.pinned END,
		pin_reason = CASE backup_change.kind
			WHEN 'pin' THEN backup_change.value WHEN 'unpin' THEN NULL
			ELSE b.pin_reason END,
		annotations = CASE
			WHEN backup_change.kind <> 'annotate' THEN b.annotations
			WHEN backup_change.value IS NULL THEN b.annotations - backup_change.key
			ELSE b.annotations || jsonb_build_object(backup_change.key, backup_change.value)
			END
	WHERE b.id = backup_change.id;
END;
COMMENT ON FUNCTION erpgo_backup.backup_change(text, text, text, text)
	IS 'applies an event that is in the repository';

CREATE FUNCTION erpgo_backup.backup_missing(since text)
RETURNS SETOF text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.backup AS b
	SET status = 'deleted', error = 'missing from the repository'
	WHERE b.present
	AND (b.seen_at IS NULL OR b.seen_at < backup_missing.since::timestamptz)
	RETURNING b.id;
END;
COMMENT ON FUNCTION erpgo_backup.backup_missing(text)
	IS 'notes that backups not seen in the repository since then are gone';

CREATE FUNCTION erpgo_backup.attempt_begin(backup_id text, operation text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.attempt
		(backup_id, operation, number, started_at, status)
	SELECT attempt_begin.backup_id, attempt_begin.operation,
		   coalesce(max(a.number), 0) + 1, clock_timestamp(), 'running'
	FROM erpgo_backup.attempt AS a
	WHERE a.backup_id = attempt_begin.backup_id
	AND a.operation = attempt_begin.operation;
END;
COMMENT ON FUNCTION erpgo_backup.attempt_begin(text, text)
	IS 'notes that an attempt begins';

CREATE FUNCTION erpgo_backup.attempt_end(backup_id text, operation text,
										 status text, phase text, bytes text,
										 error text, sqlstate text,
										 detail text, hint text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.attempt AS a
	SET finished_at = clock_timestamp(), status = attempt_end.status,
		phase = attempt_end.phase, bytes = attempt_end.bytes::bigint,
		error = attempt_end.error, sqlstate = attempt_end.sqlstate,
		detail = attempt_end.detail, hint = attempt_end.hint
	WHERE a.backup_id = attempt_end.backup_id
	AND a.operation = attempt_end.operation AND a.status = 'running';
END;
COMMENT ON FUNCTION erpgo_backup.attempt_end(text, text, text, text, text, text, text, text, text)
	IS 'notes how an attempt ended';

CREATE FUNCTION erpgo_backup.backup_interrupted(id text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH ended AS (
		UPDATE erpgo_backup.attempt AS a
		SET status = 'interrupted', finished_at = clock_timestamp(),
			error = 'the server or its worker ended', sqlstate = '57P01'
		WHERE a.backup_id = backup_interrupted.id AND a.status = 'running'
		RETURNING a.backup_id, a.operation)
	INSERT INTO erpgo_backup.audit (action, object, outcome)
	SELECT ended.operation, ended.backup_id, 'interrupted' FROM ended;
	UPDATE erpgo_backup.backup AS b
	SET status = 'interrupted', finished_at = clock_timestamp(),
		error = 'the server or its worker ended'
	WHERE b.id = backup_interrupted.id AND b.status IN ('running', 'verifying');
END;
COMMENT ON FUNCTION erpgo_backup.backup_interrupted(text)
	IS 'repairs the rows of a job that ended without telling';

/*
 * What runs, and what ran.
 */

CREATE FUNCTION erpgo_backup.job_progress(
	OUT id text, OUT operation text, OUT type text, OUT phase text,
	OUT database text, OUT bytes_done bigint, OUT bytes_expected bigint,
	OUT percent double precision, OUT rate_bytes_per_second bigint,
	OUT time_left interval, OUT started_at timestamptz, OUT pid integer)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_job_progress';
COMMENT ON FUNCTION erpgo_backup.job_progress() IS 'what is running, from shared memory';

CREATE VIEW @extschema@.erpgo_backup_progress AS
	SELECT p.id, p.operation, p.type, p.phase, p.database, p.bytes_done,
		   p.bytes_expected, p.percent, p.rate_bytes_per_second, p.time_left,
		   p.started_at, p.pid
	FROM erpgo_backup.job_progress() AS p;
COMMENT ON VIEW @extschema@.erpgo_backup_progress IS 'what is running and how far it is';

CREATE VIEW @extschema@.erpgo_backup_history AS
	SELECT b.id, b.type, b.status, b.started_at, b.finished_at,
		   b.finished_at - b.started_at AS duration,
		   b.size_bytes, b.stored_bytes,
		   pg_catalog.pg_size_pretty(b.stored_bytes) AS stored,
		   b.verified_at, b.verified_depth,
		   (SELECT pg_catalog.count(*) FROM erpgo_backup.attempt AS a
			WHERE a.backup_id OPERATOR(pg_catalog.=) b.id
			AND a.operation OPERATOR(pg_catalog.=) 'backup') AS attempts,
		   coalesce(b.error, b.verification_error) AS error,
		   b.schedule, b.databases, b.compression, b.cipher, b.label, b.pinned
	FROM erpgo_backup.backup AS b
	ORDER BY b.id;
COMMENT ON VIEW @extschema@.erpgo_backup_history IS 'every backup, also the ones that failed, oldest first';

CREATE VIEW @extschema@.erpgo_backup_attempts AS
	SELECT a.backup_id, a.operation, a.number, a.status, a.started_at,
		   a.finished_at, a.finished_at - a.started_at AS duration, a.phase,
		   a.bytes, a.error, a.sqlstate, a.detail, a.hint
	FROM erpgo_backup.attempt AS a
	ORDER BY a.started_at;
COMMENT ON VIEW @extschema@.erpgo_backup_attempts IS 'every attempt to make or to verify a backup, oldest first';

CREATE VIEW @extschema@.erpgo_backup_audit AS
	SELECT a.at, a.role, a.client, a.action, a.object, a.type, a.size,
		   a.outcome, a.detail
	FROM erpgo_backup.audit AS a
	ORDER BY a.at;
COMMENT ON VIEW @extschema@.erpgo_backup_audit IS 'who did what, oldest first';

/*
 * What administrators and operators call.
 */

CREATE FUNCTION @extschema@.erpgo_backup_run(type text DEFAULT 'full',
	databases text[] DEFAULT NULL, wait boolean DEFAULT true,
	label text DEFAULT NULL)
RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_run(text, text[], boolean, text)
	IS 'makes a backup and returns its identifier';

CREATE PROCEDURE @extschema@.erpgo_backup_wait(id text)
LANGUAGE c
AS 'MODULE_PATHNAME';
COMMENT ON PROCEDURE @extschema@.erpgo_backup_wait(text)
	IS 'waits for a backup without holding back vacuum';

CREATE FUNCTION @extschema@.erpgo_backup_cancel(id text)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_cancel(text)
	IS 'stops the job on a backup; false if there is none';

CREATE FUNCTION @extschema@.erpgo_backup_verify(INOUT id text DEFAULT 'latest',
	INOUT depth text DEFAULT 'archive', OUT verified_at timestamptz)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_verify(text, text)
	IS 'reads a backup and proves that it is what it was';

CREATE FUNCTION @extschema@.erpgo_backup_list(OUT id text, OUT type text,
	OUT status text, OUT started_at timestamptz, OUT finished_at timestamptz,
	OUT size_bytes bigint, OUT stored_bytes bigint,
	OUT verified_at timestamptz, OUT verified_depth text,
	OUT databases text[], OUT pinned boolean, OUT pin_reason text,
	OUT annotations jsonb, OUT label text)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT b.id, b.type, b.status, b.started_at, b.finished_at, b.size_bytes,
		   b.stored_bytes, b.verified_at, b.verified_depth, b.databases,
		   b.pinned, b.pin_reason, b.annotations, b.label
	FROM erpgo_backup.backup AS b
	WHERE b.present
	ORDER BY b.id;
END;
COMMENT ON FUNCTION @extschema@.erpgo_backup_list()
	IS 'the backups that are in the repository, oldest first';

CREATE FUNCTION @extschema@.erpgo_backup_pin(id text, reason text)
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_pin(text, text)
	IS 'protects a backup from being removed';

CREATE FUNCTION @extschema@.erpgo_backup_unpin(id text)
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_unpin(text)
	IS 'lets a backup be removed again';

CREATE FUNCTION @extschema@.erpgo_backup_annotate(id text, key text, value text)
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_annotate(text, text, text)
	IS 'notes something about a backup; an empty value removes the note';

CREATE FUNCTION @extschema@.erpgo_backup_check(OUT name text, OUT status text,
	OUT message text, OUT hint text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_check()
	IS 'every precondition, one row each, with what to do about it';

CREATE FUNCTION @extschema@.erpgo_backup_sync()
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_sync()
	IS 'makes the history say what the repository says; returns the number of backups there';

/*
 * Old backups: what becomes of them.
 */

CREATE UNLOGGED TABLE erpgo_backup.retention_decision (
	job bigint NOT NULL,
	id text COLLATE "C" NOT NULL,
	type text NOT NULL,
	role text,
	decision text NOT NULL CHECK (decision IN ('keep', 'delete', 'confirm')),
	reason text NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (job, id)
);
COMMENT ON TABLE erpgo_backup.retention_decision
	IS 'what clean-ups of the last minutes decided, for the sessions that wait for that';

CREATE FUNCTION erpgo_backup.decisions_store(job text, decisions text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	DELETE FROM erpgo_backup.retention_decision AS d
	WHERE d.at < clock_timestamp() - interval '10 minutes'
	OR d.job = decisions_store.job::bigint;
	INSERT INTO erpgo_backup.retention_decision (job, id, type, role, decision, reason)
	SELECT decisions_store.job::bigint, j.id, j.type, j.role, j.decision, j.reason
	FROM jsonb_to_recordset(decisions_store.decisions::jsonb) AS j
		(id text, type text, role text, decision text, reason text);
END;
COMMENT ON FUNCTION erpgo_backup.decisions_store(text, text)
	IS 'keeps what a clean-up decided, a JSON array, for a few minutes';

CREATE FUNCTION erpgo_backup.backup_deleted(role text, client text, deletion text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.backup AS b
	SET status = CASE WHEN b.present THEN 'deleted' ELSE b.status END,
		leftovers = false
	WHERE b.id = backup_deleted.deletion::jsonb ->> 'id';
	INSERT INTO erpgo_backup.audit
		(role, client, action, object, type, size, outcome, detail)
	SELECT backup_deleted.role, backup_deleted.client, 'delete', j.id, j.type,
		   b.stored_bytes, 'ok',
		   jsonb_strip_nulls(jsonb_build_object('reason', j.reason, 'role', j.role))
	FROM jsonb_to_record(backup_deleted.deletion::jsonb) AS j
		(id text, type text, role text, reason text)
	LEFT JOIN erpgo_backup.backup AS b ON b.id = j.id;
END;
COMMENT ON FUNCTION erpgo_backup.backup_deleted(text, text, text)
	IS 'notes that a backup was deleted, and the rule that decided it; deletion is a JSON object';

CREATE FUNCTION @extschema@.erpgo_backup_retention(OUT id text, OUT type text,
	OUT role text, OUT decision text, OUT reason text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_retention()
	IS 'each backup, whether it is kept, and why; changes nothing';

CREATE FUNCTION @extschema@.erpgo_backup_cleanup(dry_run boolean DEFAULT false,
	confirm boolean DEFAULT false, OUT id text, OUT type text, OUT role text,
	OUT decision text, OUT reason text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_cleanup(boolean, boolean)
	IS 'deletes the backups that are not to be kept any longer, and returns them';

REVOKE ALL ON FUNCTION @extschema@.erpgo_backup_retention(),
	@extschema@.erpgo_backup_cleanup(boolean, boolean)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.erpgo_backup_retention() TO pg_monitor;

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
		CHECK (type IN ('full', 'schema', 'data', 'verify')),
	databases text[]
		CHECK (databases IS NULL OR
			   (type <> 'verify' AND cardinality(databases) > 0 AND
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

CREATE VIEW @extschema@.erpgo_backup_schedules AS
	SELECT s.name, s.cron, s.type, s.timezone, s.enabled,
		   CASE WHEN s.enabled THEN
			   coalesce(CASE WHEN p.cron OPERATOR(pg_catalog.=) s.cron
						AND p.timezone OPERATOR(pg_catalog.=) s.timezone
						THEN p.next_run END, n.next_run) END AS next_run,
		   pg_catalog.date_trunc('second', p.last_run) AS last_run,
		   CASE WHEN p.last_skip OPERATOR(pg_catalog.>)
					coalesce(p.last_run, '-infinity') THEN 'skipped'
				WHEN p.last_operation OPERATOR(pg_catalog.=) 'verify' THEN
					(SELECT a.status FROM erpgo_backup.attempt AS a
					 WHERE a.backup_id OPERATOR(pg_catalog.=) p.last_backup
					 AND a.operation OPERATOR(pg_catalog.=) 'verify'
					 AND a.started_at OPERATOR(pg_catalog.>=) p.last_run
					 ORDER BY a.number DESC LIMIT 1)
				ELSE (SELECT b.status FROM erpgo_backup.backup AS b
					  WHERE b.id OPERATOR(pg_catalog.=) p.last_backup)
		   END AS last_status,
		   pg_catalog.date_trunc('second', p.last_skip) AS last_skip,
		   coalesce(n.problem, p.skip_reason) AS reason,
		   s.databases
	FROM erpgo_backup.schedule_in_force AS s
	LEFT JOIN erpgo_backup.schedule_state AS p
		ON p.name OPERATOR(pg_catalog.=) s.name,
	LATERAL erpgo_backup.schedule_plan(s.name, s.cron, s.timezone, s.jitter) AS n
	ORDER BY s.name;
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
	erpgo_backup.schedule_plan(text, text, text, interval) TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_schedules TO pg_monitor;

/*
 * Alerts.
 */

CREATE FUNCTION @extschema@.erpgo_backup_notify_test(OUT channel text,
	OUT status text, OUT message text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_notify_test()
	IS 'sends a test alert through every channel that is configured';
REVOKE ALL ON FUNCTION @extschema@.erpgo_backup_notify_test() FROM PUBLIC;

/*
 * Monitoring.  Everything is derived from what the tables say and from the
 * clock, so that it is true even if nothing runs any more.
 */

-- Names in what follows are those of pg_catalog, or qualified.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE TABLE erpgo_backup.repository_state (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	free_bytes bigint NOT NULL,
	total_bytes bigint NOT NULL,
	measured_at timestamptz NOT NULL
);
COMMENT ON TABLE erpgo_backup.repository_state IS 'the room in the repository, when the engine saw it last';

CREATE FUNCTION erpgo_backup.repository_measured(free_bytes text, total_bytes text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.repository_state (free_bytes, total_bytes, measured_at)
	VALUES (repository_measured.free_bytes::bigint,
			repository_measured.total_bytes::bigint, clock_timestamp())
	ON CONFLICT (only_row) DO UPDATE SET
		free_bytes = EXCLUDED.free_bytes,
		total_bytes = EXCLUDED.total_bytes,
		measured_at = EXCLUDED.measured_at;
END;
COMMENT ON FUNCTION erpgo_backup.repository_measured(text, text)
	IS 'notes how much room there is in the repository';

CREATE FUNCTION erpgo_backup.backup_expected_bytes(type text, databases text)
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH wanted AS (
		SELECT ARRAY(SELECT jsonb_array_elements_text(
			backup_expected_bytes.databases::jsonb)) AS names),
	kind AS (
		SELECT b.id, b.databases, b.stored_bytes
		FROM erpgo_backup.backup AS b, wanted AS w
		WHERE b.type = backup_expected_bytes.type AND b.status = 'ok'
		AND (backup_expected_bytes.databases IS NULL
			 OR (b.databases @> w.names AND b.databases <@ w.names))
		ORDER BY b.id DESC LIMIT 7)
	SELECT k.stored_bytes FROM kind AS k
	ORDER BY cardinality(k.databases) DESC, k.id DESC LIMIT 1;
END;
COMMENT ON FUNCTION erpgo_backup.backup_expected_bytes(text, text)
	IS 'what the last backup of a kind stored; databases is a JSON array, null for all';

CREATE FUNCTION erpgo_backup.span(length interval)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT CASE
		WHEN t.s < 10 THEN round(t.exact, 1) || ' s'
		WHEN t.s < 60 THEN t.s || ' s'
		WHEN t.s < 3600 THEN t.s / 60 || ' min ' || t.s % 60 || ' s'
		WHEN t.s < 172800 THEN t.s / 3600 || ' h ' || t.s % 3600 / 60 || ' min'
		ELSE t.s / 86400 || ' d ' || t.s % 86400 / 3600 || ' h'
		END
	FROM (SELECT greatest(extract(epoch FROM span.length), 0) AS exact,
				 floor(greatest(extract(epoch FROM span.length), 0))::bigint AS s) AS t;
END;
COMMENT ON FUNCTION erpgo_backup.span(interval) IS 'a length of time for people, in two units';

CREATE VIEW erpgo_backup.newest_good AS
	SELECT n.id, n.type, n.finished_at, n.finished_at - n.started_at AS duration,
		   n.size_bytes, n.stored_bytes, p.median_bytes, p.compared
	FROM (SELECT DISTINCT ON (b.type) b.*
		  FROM erpgo_backup.backup AS b
		  WHERE b.status = 'ok'
		  ORDER BY b.type, b.id DESC) AS n
	CROSS JOIN LATERAL (
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY o.stored_bytes)::bigint,
			   count(*)
		FROM (SELECT b.stored_bytes
			  FROM erpgo_backup.backup AS b
			  WHERE b.type = n.type AND b.status IN ('ok', 'deleted')
			  AND b.databases @> n.databases AND b.databases <@ n.databases
			  AND b.stored_bytes IS NOT NULL AND b.id < n.id
			  ORDER BY b.id DESC LIMIT 7) AS o) AS p (median_bytes, compared);
COMMENT ON VIEW erpgo_backup.newest_good
	IS 'the newest good backup of each type, and the median of the seven of its kind before';

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
			   coalesce(current_setting('erpgo_backup.delayed_after', true),
						'8h')::interval AS delayed_after,
			   coalesce(current_setting('erpgo_backup.minimum_free_space', true),
						'5')::numeric AS minimum_free)
	SELECT s.now, s.delayed_after, s.minimum_free, g.finished_at AS success_at,
		   s.now - g.finished_at AS success_age, g.duration, g.stored_bytes,
		   g.median_bytes, g.compared,
		   coalesce(g.finished_at, f.first_at, pg_postmaster_start_time())
			   + s.delayed_after AS due_at,
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
	LEFT JOIN erpgo_backup.repository_state AS r ON true;
COMMENT ON VIEW erpgo_backup.monitoring IS 'one row: what is measured';

CREATE VIEW @extschema@.erpgo_backup_status AS
	SELECT c."check", c.status, left(c.value, 38) AS value, c.target,
		   CASE WHEN c.status <> 'ok' THEN c.hint END AS hint
	FROM erpgo_backup.monitoring AS m
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
	CROSS JOIN LATERAL (VALUES
		(1, 'last success',
		 CASE WHEN m.success_age < least(interval '6 hours', m.delayed_after) THEN 'ok'
			  WHEN m.success_age < m.delayed_after THEN 'warning'
			  ELSE 'critical' END,
		 coalesce(erpgo_backup.span(m.success_age) || ' ago', 'never'), '< 6 h',
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
			  ELSE 'Look which tables grew.' END),
		(8, 'verification',
		 CASE WHEN m.damaged > 0 THEN 'critical' WHEN m.verified_at IS NULL THEN 'unknown'
			  WHEN m.verified_at < m.now - interval '24 hours' THEN 'warning' ELSE 'ok' END,
		 m.damaged || ' of ' || m.present || ' damaged, last '
			 || coalesce(erpgo_backup.span(m.now - m.verified_at) || ' ago', 'never'), 'none damaged',
		 CASE WHEN m.damaged > 0 THEN 'Make a new backup at once.'
			  ELSE 'Run erpgo_backup_verify().' END),
		(9, 'free space',
		 CASE WHEN m.free_percent IS NULL THEN 'unknown'
			  WHEN m.free_percent > 20 THEN 'ok'
			  WHEN m.free_percent > m.minimum_free THEN 'warning' ELSE 'critical' END,
		 coalesce(floor(m.free_percent) || ' %, ' || pg_size_pretty(m.free_bytes) || ', '
				  || erpgo_backup.span(m.now - m.measured_at) || ' ago', 'not measured'), '> 20 %',
		 CASE WHEN m.free_percent IS NULL THEN 'Run erpgo_backup_check().'
			  ELSE 'Free space or keep fewer backups.' END),
		(10, 'running',
		 CASE WHEN job.phase = 'waiting' THEN 'warning' ELSE 'ok' END,
		 coalesce(job.operation || coalesce(' ' || job.type, '') || ', '
				  || coalesce(nullif(job.phase, '') || ', ', '')
				  || coalesce(floor(job.percent) || ' %, ', '')
				  || erpgo_backup.span(m.now - job.started_at), 'nothing'), '-',
		 'It failed and is tried again soon.'))
		AS c (place, "check", status, value, target, hint)
	ORDER BY c.place;
COMMENT ON VIEW @extschema@.erpgo_backup_status IS 'how backups are doing, one row a check, against targets';

CREATE VIEW @extschema@.erpgo_backup_recent AS
	SELECT b.id, b.status,
		   regexp_replace(erpgo_backup.span(clock_timestamp() - b.started_at),
						  '^(\S+ \S+) .*', '\1') AS age,
		   erpgo_backup.span(b.finished_at - b.started_at) AS duration,
		   pg_size_pretty(b.stored_bytes) AS stored, b.verified_depth AS verified,
		   CASE WHEN length(t.error) > 25 THEN left(t.error, 22) || '...' ELSE t.error END AS error
	FROM erpgo_backup.backup AS b
	CROSS JOIN LATERAL (SELECT coalesce(b.error, b.verification_error)) AS t (error)
	ORDER BY b.id DESC
	LIMIT 20;
COMMENT ON VIEW @extschema@.erpgo_backup_recent IS 'the last 20 backups for people, newest first';

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
		('erpgo_backup_jobs_running', 'gauge', 'Jobs that are running, or waiting to be tried again.'),
		('erpgo_backup_job_progress_ratio', 'gauge', 'How far the phase of a running job is; the least if there are several.'),
		('erpgo_backup_delayed_after_seconds', 'gauge', 'Age of the last full backup at which the next one is overdue.'),
		('erpgo_backup_overdue_seconds', 'gauge', 'For how long a full backup has been overdue.'))
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

CREATE VIEW erpgo_backup.metric_of_operation AS
	SELECT 'erpgo_backup_attempts_total' AS metric,
		   erpgo_backup.metric_label('operation', o.operation) || ',' || erpgo_backup.metric_label('status', s.status) AS labels,
		   (SELECT count(*) FROM erpgo_backup.attempt AS a
			WHERE a.operation = o.operation AND a.status = s.status)::numeric AS value
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
		('erpgo_backup_delayed_after_seconds', NULL, extract(epoch FROM m.delayed_after)),
		('erpgo_backup_overdue_seconds', NULL, greatest(extract(epoch FROM m.now - m.due_at), 0)))
		AS v (metric, labels, value);
COMMENT ON VIEW erpgo_backup.metric_of_all IS 'samples without a type or operation';

CREATE FUNCTION erpgo_backup.metrics()
RETURNS text
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH sample AS (
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_all AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_type AS o
		UNION ALL
		SELECT o.metric, o.labels, o.value FROM erpgo_backup.metric_of_operation AS o),
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
	@extschema@.erpgo_backup_metrics()
TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_status, @extschema@.erpgo_backup_recent
TO pg_monitor;

/*
 * Nobody may do anything, but monitoring may look.
 */

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA erpgo_backup FROM PUBLIC;
REVOKE ALL ON FUNCTION
	@extschema@.erpgo_backup_run(text, text[], boolean, text),
	@extschema@.erpgo_backup_cancel(text),
	@extschema@.erpgo_backup_verify(text, text),
	@extschema@.erpgo_backup_list(),
	@extschema@.erpgo_backup_pin(text, text),
	@extschema@.erpgo_backup_unpin(text),
	@extschema@.erpgo_backup_annotate(text, text, text),
	@extschema@.erpgo_backup_check(),
	@extschema@.erpgo_backup_sync()
FROM PUBLIC;
REVOKE ALL ON PROCEDURE @extschema@.erpgo_backup_wait(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION erpgo_backup.job_progress(),
	@extschema@.erpgo_backup_list()
TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_progress,
	@extschema@.erpgo_backup_history, @extschema@.erpgo_backup_attempts,
	@extschema@.erpgo_backup_audit
TO pg_monitor;
