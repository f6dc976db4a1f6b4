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
										  label text, timeline text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.backup
		(id, type, status, started_at, databases, label, timeline, leftovers)
	VALUES (backup_begin.id, backup_begin.type, 'running', clock_timestamp(),
			CASE WHEN backup_begin.databases IS NOT NULL THEN
				ARRAY(SELECT jsonb_array_elements_text(backup_begin.databases::jsonb))
			END,
			backup_begin.label, backup_begin.timeline::integer, true);
END;
COMMENT ON FUNCTION erpgo_backup.backup_begin(text, text, text, text, text)
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
