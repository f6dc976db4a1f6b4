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
	full_verified_at timestamptz,
	verification_error text,
	failed_depth text,
	compression text,
	cipher text,
	key_id text,
	server_version integer,
	engine_version text,
	databases text[],
	all_databases boolean NOT NULL DEFAULT false,
	label text,
	schedule text,
	pinned boolean NOT NULL DEFAULT false,
	pin_reason text,
	annotations jsonb NOT NULL DEFAULT '{}',
	objects jsonb NOT NULL DEFAULT '[]',
	error text,
	seen_at timestamptz,
	deleted_at timestamptz,
	timeline integer,
	physical jsonb,
	leftovers boolean NOT NULL DEFAULT false,
	present boolean NOT NULL GENERATED ALWAYS AS
		(status = 'ok' OR (status = 'failed' AND verification_error IS NOT NULL)) STORED
);
COMMENT ON TABLE erpgo_backup.backup IS 'backups, one row each';
COMMENT ON COLUMN erpgo_backup.backup.all_databases IS 'all were asked for, whichever there were; false if that is not known';
COMMENT ON COLUMN erpgo_backup.backup.full_verified_at IS 'when a verification of everything went well for the last time';
COMMENT ON COLUMN erpgo_backup.backup.failed_depth IS 'depth of the verification that found the damage';
COMMENT ON COLUMN erpgo_backup.backup.seen_at IS 'when it was last seen in the repository';
COMMENT ON COLUMN erpgo_backup.backup.deleted_at IS 'when it was noticed that it is there no more';
COMMENT ON COLUMN erpgo_backup.backup.timeline IS 'of the server when it began; null if another server made it';
COMMENT ON COLUMN erpgo_backup.backup.physical IS 'what the manifest of a physical backup says in addition';
COMMENT ON COLUMN erpgo_backup.backup.leftovers IS 'an unfinished run may have left objects in the repository';
COMMENT ON COLUMN erpgo_backup.backup.present IS 'it is in the repository, be it damaged';

CREATE TABLE erpgo_backup.attempt (
	backup_id text COLLATE "C" NOT NULL
		REFERENCES erpgo_backup.backup (id) ON DELETE CASCADE,
	operation text NOT NULL CHECK (operation IN ('backup', 'verify')),
	number integer NOT NULL,
	depth text,
	schedule text,
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
COMMENT ON COLUMN erpgo_backup.attempt.depth IS 'of a verification';
COMMENT ON COLUMN erpgo_backup.attempt.schedule IS 'that asked for it; null if a session did';

CREATE TABLE erpgo_backup.audit (
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	role text,
	client text,
	action text NOT NULL,
	object text,
	type text,
	size bigint,
	outcome text NOT NULL,
	verification text,
	retention text,
	detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE erpgo_backup.audit IS 'who did what; rows can only be added';
COMMENT ON COLUMN erpgo_backup.audit.verification IS 'to which depth the backup was proven, or that it is damaged';
COMMENT ON COLUMN erpgo_backup.audit.retention IS 'the rule by which a backup was deleted';
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

CREATE FUNCTION erpgo_backup.log_audit() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_log_audit';
COMMENT ON FUNCTION erpgo_backup.log_audit() IS 'writes an entry of the audit to the server''s log if that is asked for';

-- At commit: the log must not have what was rolled back.
CREATE CONSTRAINT TRIGGER log_audit
	AFTER INSERT ON erpgo_backup.audit
	DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION erpgo_backup.log_audit();
ALTER TABLE erpgo_backup.audit ENABLE ALWAYS TRIGGER log_audit;

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
		(role, client, action, object, type, size, outcome, verification, detail)
	SELECT audit_add.role, audit_add.client, audit_add.action,
		   audit_add.object, b.type, b.stored_bytes, audit_add.outcome,
		   CASE WHEN audit_add.action = 'verify' AND a.sqlstate = 'XX001' THEN 'damaged'
				WHEN audit_add.outcome <> 'ok' THEN NULL
				WHEN audit_add.action = 'verify' THEN a.depth
				WHEN audit_add.action = 'backup' THEN b.verified_depth END,
		   jsonb_strip_nulls(jsonb_build_object('message', audit_add.message,
												'key', audit_add.key,
												'value', audit_add.value,
												'schedule', a.schedule))
	FROM (VALUES (1)) AS one (row)
	LEFT JOIN erpgo_backup.backup AS b ON b.id = audit_add.object
	LEFT JOIN LATERAL (
		SELECT t.depth, t.sqlstate, t.schedule
		FROM erpgo_backup.attempt AS t
		WHERE t.backup_id = audit_add.object AND t.operation = audit_add.action
		ORDER BY t.number DESC LIMIT 1) AS a ON true;
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
		 leftovers, all_databases)
	VALUES (backup_begin.id, backup_begin.type, 'running', clock_timestamp(),
			CASE WHEN backup_begin.databases IS NOT NULL THEN
				ARRAY(SELECT jsonb_array_elements_text(backup_begin.databases::jsonb))
			END,
			backup_begin.label, backup_begin.timeline::integer,
			backup_begin.schedule, true, backup_begin.databases IS NULL);
END;
COMMENT ON FUNCTION erpgo_backup.backup_begin(text, text, text, text, text, text)
	IS 'notes that a backup begins; databases is a JSON array';

CREATE TABLE erpgo_backup.backup_size (
	backup_id text COLLATE "C" NOT NULL
		REFERENCES erpgo_backup.backup (id) ON DELETE CASCADE,
	database text NOT NULL,
	table_name text,
	bytes bigint NOT NULL,
	tables integer,
	UNIQUE NULLS NOT DISTINCT (backup_id, database, table_name)
);
COMMENT ON TABLE erpgo_backup.backup_size
	IS 'how large the dumps of the last backups of each kind are, and how large the largest tables were';
COMMENT ON COLUMN erpgo_backup.backup_size.table_name IS 'schema and table, quoted; null: the dump of the database';
COMMENT ON COLUMN erpgo_backup.backup_size.bytes IS 'of a table without indexes, in the database; of a dump in the repository';
COMMENT ON COLUMN erpgo_backup.backup_size.tables IS 'of a dump: of how many tables the size is known; null: nobody looked';

CREATE VIEW erpgo_backup.same_kind AS
	SELECT n.id AS backup_id, b.id AS other_id, b.stored_bytes
	FROM erpgo_backup.backup AS n
	JOIN erpgo_backup.backup AS b
		ON b.type OPERATOR(pg_catalog.=) n.type
		AND b.status OPERATOR(pg_catalog.=) ANY (ARRAY['ok', 'deleted'])
		AND b.stored_bytes IS NOT NULL
		AND CASE WHEN n.all_databases THEN b.all_databases
			ELSE NOT b.all_databases
				AND b.databases OPERATOR(pg_catalog.@>) n.databases
				AND b.databases OPERATOR(pg_catalog.<@) n.databases END;
COMMENT ON VIEW erpgo_backup.same_kind
	IS 'the good backups of the same type for which the same databases were asked, for each backup';

CREATE FUNCTION erpgo_backup.sizes_take(backup text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	DELETE FROM erpgo_backup.backup_size AS s
	WHERE s.backup_id = sizes_take.backup::jsonb ->> 'id'
	AND sizes_take.backup::jsonb ? 'objects';
	INSERT INTO erpgo_backup.backup_size
		(backup_id, database, table_name, bytes, tables)
	SELECT j.id, o.database, t.name, t.bytes, t.tables
	FROM jsonb_to_record(sizes_take.backup::jsonb) AS j (id text, objects jsonb)
	CROSS JOIN jsonb_to_recordset(j.objects) AS o
		(kind text, database text, stored_size bigint, tables jsonb)
	CROSS JOIN LATERAL (
		SELECT NULL AS name, o.stored_size AS bytes, jsonb_array_length(o.tables) AS tables
		UNION ALL
		SELECT i.name, i.bytes, NULL
		FROM jsonb_to_recordset(o.tables) AS i (name text, bytes bigint)) AS t
	WHERE o.kind = 'dump'
	AND (SELECT count(*) FROM erpgo_backup.same_kind AS k
		 WHERE k.backup_id = j.id AND k.other_id > j.id) < 8;
	DELETE FROM erpgo_backup.backup_size AS s
	WHERE s.backup_id IN (
		SELECT k.other_id FROM erpgo_backup.same_kind AS k
		WHERE k.backup_id = sizes_take.backup::jsonb ->> 'id'
		ORDER BY k.other_id DESC OFFSET 8);
END;
COMMENT ON FUNCTION erpgo_backup.sizes_take(text)
	IS 'takes over the sizes in what the engine says of a backup, if it is one of the last eight of its kind';

CREATE FUNCTION erpgo_backup.backup_take(backup text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.backup AS b
		(id, type, status, started_at, finished_at, size_bytes, stored_bytes,
		 verified_at, verified_depth, full_verified_at, verification_error,
		 failed_depth, compression, cipher,
		 key_id, server_version, engine_version, databases, all_databases,
		 label, schedule, pinned, pin_reason, annotations, objects, physical, seen_at)
	SELECT j.id, j.type, CASE j.status WHEN 'ok' THEN 'ok' ELSE 'failed' END,
		   coalesce(j.started_at,
					to_timestamp(substr(j.id, 1, 15), 'YYYYMMDD"T"HH24MISS')::timestamp
						AT TIME ZONE 'UTC'),
		   j.finished_at, j.size_bytes, j.stored_bytes,
		   CASE j.status WHEN 'ok' THEN j.verified_at END,
		   CASE j.status WHEN 'ok' THEN j.verified_depth END,
		   j.full_verified_at,
		   CASE WHEN j.status IS DISTINCT FROM 'ok' THEN
			   coalesce(j.verification_error, j.error, 'unknown') END,
		   CASE WHEN j.status IS DISTINCT FROM 'ok' THEN j.verified_depth END,
		   j.compression, j.cipher, j.key_id, j.server_version,
		   j.engine_version, j.databases, coalesce(j.all_databases, false),
		   j.label, j.schedule, coalesce(j.pinned, false), j.pin_reason,
		   coalesce(j.annotations, '{}'),
		   (SELECT coalesce(jsonb_agg(o.object - 'tables' ORDER BY o.place), '[]')
			FROM jsonb_array_elements(j.objects) WITH ORDINALITY AS o (object, place)),
		   j.physical, clock_timestamp()
	FROM jsonb_to_record(backup_take.backup::jsonb) AS j
		(id text, type text, status text, error text, started_at timestamptz,
		 finished_at timestamptz, size_bytes bigint, stored_bytes bigint,
		 verified_at timestamptz, verified_depth text,
		 full_verified_at timestamptz, verification_error text,
		 compression text, cipher text, key_id text, server_version integer,
		 engine_version text, databases text[], all_databases boolean,
		 label text, schedule text, pinned boolean, pin_reason text, annotations jsonb, objects jsonb,
		 physical jsonb)
	ON CONFLICT (id) DO UPDATE SET
		status = EXCLUDED.status,
		error = NULL,
		full_verified_at = greatest(EXCLUDED.full_verified_at, b.full_verified_at),
		verification_error = EXCLUDED.verification_error,
		failed_depth = EXCLUDED.failed_depth,
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
		all_databases = EXCLUDED.all_databases OR b.all_databases,
		label = coalesce(EXCLUDED.label, b.label),
		schedule = coalesce(EXCLUDED.schedule, b.schedule),
		pinned = EXCLUDED.pinned,
		pin_reason = EXCLUDED.pin_reason,
		annotations = EXCLUDED.annotations,
		objects = EXCLUDED.objects,
		physical = coalesce(EXCLUDED.physical, b.physical),
		seen_at = EXCLUDED.seen_at,
		leftovers = false;
	SELECT erpgo_backup.sizes_take(backup_take.backup);
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

CREATE FUNCTION erpgo_backup.depth_rank(depth text)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT coalesce(array_position(ARRAY['digest', 'archive', 'full', 'restore'],
								   depth_rank.depth), 0);
END;
COMMENT ON FUNCTION erpgo_backup.depth_rank(text)
	IS 'how deep a verification looks; each depth includes the lesser ones';

CREATE FUNCTION erpgo_backup.backup_verified(id text, at text, depth text,
											 problem text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.backup AS b
	SET status = 'failed',
		verification_error = backup_verified.problem,
		failed_depth = CASE
			WHEN erpgo_backup.depth_rank(b.failed_depth)
				> erpgo_backup.depth_rank(backup_verified.depth) THEN b.failed_depth
			ELSE backup_verified.depth END
	WHERE b.id = backup_verified.id AND b.present
	AND backup_verified.problem IS NOT NULL;

	UPDATE erpgo_backup.backup AS b
	SET verified_at = backup_verified.at::timestamptz,
		verified_depth = backup_verified.depth,
		full_verified_at = CASE
			WHEN erpgo_backup.depth_rank(backup_verified.depth)
				>= erpgo_backup.depth_rank('full') THEN backup_verified.at::timestamptz
			ELSE b.full_verified_at END
	WHERE b.id = backup_verified.id AND b.present
	AND backup_verified.problem IS NULL;

	-- What looked deeper and failed is not taken back.
	UPDATE erpgo_backup.backup AS b
	SET status = 'ok', verification_error = NULL, failed_depth = NULL
	WHERE b.id = backup_verified.id AND b.present
	AND backup_verified.problem IS NULL
	AND erpgo_backup.depth_rank(b.failed_depth)
		<= erpgo_backup.depth_rank(backup_verified.depth);
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
	SET status = 'deleted', deleted_at = clock_timestamp(),
		error = 'missing from the repository'
	WHERE b.present
	AND (b.seen_at IS NULL OR b.seen_at < backup_missing.since::timestamptz)
	RETURNING b.id;
END;
COMMENT ON FUNCTION erpgo_backup.backup_missing(text)
	IS 'notes that backups not seen in the repository since then are gone';

CREATE FUNCTION erpgo_backup.attempt_begin(backup_id text, operation text,
										   depth text, schedule text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	INSERT INTO erpgo_backup.attempt
		(backup_id, operation, number, depth, schedule, started_at, status)
	SELECT attempt_begin.backup_id, attempt_begin.operation,
		   coalesce(max(a.number), 0) + 1, attempt_begin.depth,
		   attempt_begin.schedule, clock_timestamp(), 'running'
	FROM erpgo_backup.attempt AS a
	WHERE a.backup_id = attempt_begin.backup_id
	AND a.operation = attempt_begin.operation;
END;
COMMENT ON FUNCTION erpgo_backup.attempt_begin(text, text, text, text)
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

CREATE FUNCTION erpgo_backup.wal_segment(timeline bigint, lsn pg_lsn, size bigint)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT upper(lpad(to_hex(wal_segment.timeline), 8, '0')
				 || lpad(to_hex(s.number / s.per_file), 8, '0')
				 || lpad(to_hex(s.number % s.per_file), 8, '0'))
	FROM (SELECT div(wal_segment.lsn - '0/0'::pg_lsn, wal_segment.size)::bigint,
				 4294967296 / wal_segment.size) AS s (number, per_file);
END;
COMMENT ON FUNCTION erpgo_backup.wal_segment(bigint, pg_lsn, bigint)
	IS 'the name of the segment of WAL, of this size, that a position is in';

-- The WAL ends before stop_lsn.
CREATE VIEW erpgo_backup.physical_backup AS
	SELECT b.id, b.started_at, b.present, j.timeline, j.start_lsn, j.stop_lsn,
		   erpgo_backup.wal_segment(j.timeline, j.start_lsn, j.wal_segment_size) AS first_wal,
		   erpgo_backup.wal_segment(j.timeline,
									j.stop_lsn OPERATOR(pg_catalog.-) 1::numeric,
									j.wal_segment_size) AS last_wal,
		   j.bad_page_count AS bad_pages, j.bad_pages AS bad_page_list
	FROM erpgo_backup.backup AS b
	CROSS JOIN LATERAL pg_catalog.jsonb_to_record(b.physical) AS j
		(timeline bigint, start_lsn pg_catalog.pg_lsn, stop_lsn pg_catalog.pg_lsn,
		 wal_segment_size bigint, bad_page_count bigint, bad_pages pg_catalog.jsonb)
	WHERE b.physical IS NOT NULL;
COMMENT ON VIEW erpgo_backup.physical_backup IS 'what only physical backups have';

CREATE VIEW @extschema@.erpgo_backup_history AS
	SELECT b.id, b.type, b.status, b.started_at, b.finished_at,
		   b.finished_at - b.started_at AS duration,
		   b.size_bytes, b.stored_bytes,
		   pg_catalog.pg_size_pretty(b.size_bytes) AS size,
		   pg_catalog.pg_size_pretty(b.stored_bytes) AS stored,
		   b.verified_at, b.verified_depth,
		   (SELECT pg_catalog.count(*) FROM erpgo_backup.attempt AS a
			WHERE a.backup_id OPERATOR(pg_catalog.=) b.id
			AND a.operation OPERATOR(pg_catalog.=) 'backup') AS attempts,
		   coalesce(b.error, b.verification_error) AS error,
		   b.schedule, b.databases, b.compression, b.cipher, b.label, b.pinned,
		   b.full_verified_at, p.timeline, p.start_lsn, p.stop_lsn, p.bad_pages
	FROM erpgo_backup.backup AS b
	LEFT JOIN erpgo_backup.physical_backup AS p ON p.id OPERATOR(pg_catalog.=) b.id
	ORDER BY b.id;
COMMENT ON VIEW @extschema@.erpgo_backup_history IS 'every backup, also the ones that failed, oldest first';

CREATE VIEW @extschema@.erpgo_backup_attempts AS
	SELECT a.backup_id, a.operation, a.number, a.status, a.started_at,
		   a.finished_at, a.finished_at - a.started_at AS duration, a.phase,
		   a.bytes, a.error, a.sqlstate, a.detail, a.hint, a.depth, a.schedule
	FROM erpgo_backup.attempt AS a
	ORDER BY a.started_at;
COMMENT ON VIEW @extschema@.erpgo_backup_attempts IS 'every attempt to make or to verify a backup, oldest first';

CREATE VIEW @extschema@.erpgo_backup_audit AS
	SELECT a.at, a.role, a.client, a.action, a.object, a.type, a.size,
		   a.outcome, a.verification, a.retention, a.detail
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
	OUT annotations jsonb, OUT label text, OUT duration interval,
	OUT timeline bigint, OUT start_lsn pg_lsn, OUT stop_lsn pg_lsn,
	OUT first_wal text, OUT last_wal text)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT b.id, b.type, b.status, b.started_at, b.finished_at, b.size_bytes,
		   b.stored_bytes, b.verified_at, b.verified_depth, b.databases,
		   b.pinned, b.pin_reason, b.annotations, b.label,
		   b.finished_at - b.started_at, p.timeline, p.start_lsn, p.stop_lsn,
		   p.first_wal, p.last_wal
	FROM erpgo_backup.backup AS b
	LEFT JOIN erpgo_backup.physical_backup AS p ON p.id = b.id
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

CREATE FUNCTION erpgo_backup.recovery_windows(OUT timeline text, OUT begins_at text,
	OUT ends_at text, OUT begin_lsn text, OUT end_lsn text, OUT backups text,
	OUT begins_with text, OUT missing text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_recovery_windows';
COMMENT ON FUNCTION erpgo_backup.recovery_windows() IS 'for the view erpgo_backup_recovery_window';

CREATE VIEW @extschema@.erpgo_backup_recovery_window AS
	SELECT w.timeline::bigint, w.begins_at::timestamptz, w.ends_at::timestamptz,
		   w.begin_lsn::pg_lsn, w.end_lsn::pg_lsn, w.backups::integer, w.begins_with,
		   w.missing
	FROM erpgo_backup.recovery_windows() AS w
	ORDER BY w.timeline::bigint, w.begin_lsn::pg_lsn;
COMMENT ON VIEW @extschema@.erpgo_backup_recovery_window
	IS 'from when to when the cluster can be restored to any moment; looks into the repository';

CREATE FUNCTION @extschema@.erpgo_backup_sync()
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_sync()
	IS 'makes the history say what the repository says; returns the number of backups there';

CREATE FUNCTION @extschema@.erpgo_backup_adopt()
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_adopt()
	IS 'makes this server the only one that writes to the repository, whichever did so before';

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
		deleted_at = CASE WHEN b.present THEN clock_timestamp() ELSE b.deleted_at END,
		leftovers = false
	WHERE b.id = backup_deleted.deletion::jsonb ->> 'id';
	INSERT INTO erpgo_backup.audit
		(role, client, action, object, type, size, outcome, retention, detail)
	SELECT backup_deleted.role, backup_deleted.client, 'delete', j.id, j.type,
		   coalesce(b.stored_bytes, j.bytes), 'ok', j.reason,
		   jsonb_strip_nulls(jsonb_build_object('role', j.role))
	FROM jsonb_to_record(backup_deleted.deletion::jsonb) AS j
		(id text, type text, role text, reason text, bytes bigint)
	LEFT JOIN erpgo_backup.backup AS b ON b.id = j.id;
END;
COMMENT ON FUNCTION erpgo_backup.backup_deleted(text, text, text)
	IS 'notes that a backup, or WAL, was deleted, and the rule that decided it; deletion is a JSON object';

CREATE FUNCTION @extschema@.erpgo_backup_retention(OUT id text, OUT type text,
	OUT role text, OUT decision text, OUT reason text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_retention()
	IS 'each backup, and the WAL archive: what is kept, and why; changes nothing';

CREATE FUNCTION @extschema@.erpgo_backup_cleanup(dry_run boolean DEFAULT false,
	confirm boolean DEFAULT false, OUT id text, OUT type text, OUT role text,
	OUT decision text, OUT reason text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_cleanup(boolean, boolean)
	IS 'deletes the backups and the WAL that are not to be kept any longer, and returns them';

REVOKE ALL ON FUNCTION @extschema@.erpgo_backup_retention(),
	@extschema@.erpgo_backup_cleanup(boolean, boolean)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.erpgo_backup_retention() TO pg_monitor;

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
	AND b.status OPERATOR(pg_catalog.<>) ALL (ARRAY['running', 'verifying']);
COMMENT ON VIEW erpgo_backup.past_backup IS 'backups that are not in the repository, and since when';

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

/*
 * Alerts: what is known of them.  What makes them fire comes further down.
 */

CREATE VIEW erpgo_backup.alert_kind AS
	SELECT * FROM (VALUES
		('backup_failed', 'critical', 'Backup failed'),
		('backup_delayed', 'warning', 'Backup delayed'),
		('low_disk_space', 'warning', 'Low disk space'),
		('low_disk_space', 'critical', 'No disk space for backups'),
		('size_spike', 'info', 'Backup size spike'),
		('size_collapse', 'warning', 'Backup size collapse'),
		('verification_failed', 'critical', 'Verification failed'),
		('bad_pages', 'critical', 'Bad pages'),
		('cleanup_failed', 'warning', 'Clean-up failed'),
		('wal_archiving_behind', 'warning', 'WAL archiving behind'),
		('wal_archiving_behind', 'critical', 'WAL is not archived'),
		('repository_unavailable', 'warning', 'Repository unavailable'),
		('notification_failed', 'warning', 'Alerts do not arrive'))
		AS k (kind, severity, title);
COMMENT ON VIEW erpgo_backup.alert_kind IS 'the alerts that there are';

CREATE TABLE erpgo_backup.alert (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind text NOT NULL,
	subject text NOT NULL,
	severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
	state text NOT NULL DEFAULT 'firing' CHECK (state IN ('firing', 'resolved')),
	title text NOT NULL,
	message text NOT NULL,
	backup_id text COLLATE "C",
	details jsonb NOT NULL DEFAULT '{}',
	fired_at timestamptz NOT NULL,
	notified_at timestamptz NOT NULL,
	resolved_at timestamptz,
	CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
COMMENT ON TABLE erpgo_backup.alert IS 'alerts, firing and resolved';
COMMENT ON COLUMN erpgo_backup.alert.subject IS 'what it is about; there is one alert of a kind for each';
COMMENT ON COLUMN erpgo_backup.alert.notified_at IS 'when a notice of it was queued last';
CREATE UNIQUE INDEX alert_firing_idx ON erpgo_backup.alert (kind, subject)
	WHERE state = 'firing';

CREATE TABLE erpgo_backup.notice (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	alert bigint REFERENCES erpgo_backup.alert (id) ON DELETE CASCADE,
	change text NOT NULL
		CHECK (change IN ('firing', 'escalated', 'repeated', 'resolved', 'heartbeat')),
	body jsonb NOT NULL DEFAULT '{}',
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	CHECK ((alert IS NULL) = (change = 'heartbeat'))
);
COMMENT ON TABLE erpgo_backup.notice IS 'what is to be told, of an alert or that a backup was made';
COMMENT ON COLUMN erpgo_backup.notice.body IS 'the alert as it was then, for the engine';
CREATE INDEX notice_alert_idx ON erpgo_backup.notice (alert);

CREATE TABLE erpgo_backup.delivery (
	notice bigint NOT NULL REFERENCES erpgo_backup.notice (id) ON DELETE CASCADE,
	channel text NOT NULL
		CHECK (channel IN ('slack', 'webhook', 'email', 'heartbeat')),
	status text NOT NULL DEFAULT 'queued'
		CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'unconfigured')),
	attempts integer NOT NULL DEFAULT 0,
	next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	error text,
	PRIMARY KEY (notice, channel)
);
COMMENT ON TABLE erpgo_backup.delivery IS 'notices on their way, one row a channel';
COMMENT ON COLUMN erpgo_backup.delivery.status IS 'failed: given up; unconfigured: there is no such channel';
CREATE INDEX delivery_pending_idx ON erpgo_backup.delivery (notice)
	WHERE status IN ('queued', 'sending');

CREATE TABLE erpgo_backup.health (
	subject text PRIMARY KEY CHECK (subject IN ('repository', 'clean-up')),
	problem text,
	at timestamptz NOT NULL
);
COMMENT ON TABLE erpgo_backup.health IS 'how what leaves no other record went the last time';
COMMENT ON COLUMN erpgo_backup.health.problem IS 'null: it went well';


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

CREATE FUNCTION erpgo_backup.rough_span(length interval)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT regexp_replace(erpgo_backup.span(rough_span.length), '^(\S+ \S+) .*', '\1');
END;
COMMENT ON FUNCTION erpgo_backup.rough_span(interval) IS 'a length of time for people, in one unit';

CREATE FUNCTION erpgo_backup.cut(value text, length integer)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT CASE WHEN length(cut.value) > cut.length
		THEN left(cut.value, cut.length - 3) || '...' ELSE cut.value END;
END;
COMMENT ON FUNCTION erpgo_backup.cut(text, integer) IS 'a text for people that is not longer than so many characters';

CREATE FUNCTION erpgo_backup.usual_size(backup_id text)
RETURNS TABLE (median_bytes bigint, compared bigint)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY o.stored_bytes)::bigint,
		   count(*)
	FROM (SELECT k.stored_bytes
		  FROM erpgo_backup.same_kind AS k
		  WHERE k.backup_id = usual_size.backup_id
		  AND k.other_id < usual_size.backup_id
		  ORDER BY k.other_id DESC LIMIT 7) AS o;
END;
COMMENT ON FUNCTION erpgo_backup.usual_size(text)
	IS 'the median of the seven backups of its kind before this one, or of as many as there were';

CREATE VIEW erpgo_backup.newest_good AS
	SELECT n.id, n.type, n.finished_at, n.finished_at - n.started_at AS duration,
		   n.size_bytes, n.stored_bytes, p.median_bytes, p.compared
	FROM (SELECT DISTINCT ON (b.type) b.*
		  FROM erpgo_backup.backup AS b
		  WHERE b.status = 'ok'
		  ORDER BY b.type, b.id DESC) AS n
	CROSS JOIN LATERAL erpgo_backup.usual_size(n.id) AS p;
COMMENT ON VIEW erpgo_backup.newest_good
	IS 'the newest good backup of each type, and the median of the seven of its kind before';

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

/*
 * What the archiver has left to do, and how old the WAL is that exists nowhere
 * else: all of it since the last file was archived, but nothing if the server
 * has not written beyond that one.
 */
CREATE VIEW erpgo_backup.wal_archiving AS
	SELECT s.now, s.is_on, f.ready, f.ready_since, a.archived_count, a.failed_count,
		   a.last_archived_time AS archived_at, a.last_archived_wal AS archived_wal,
		   a.last_failed_time > coalesce(a.last_archived_time, '-infinity') AS is_failing,
		   a.last_failed_wal AS failed_wal,
		   CASE WHEN s.is_on AND a.last_archived_time IS NOT NULL THEN
					CASE WHEN coalesce(pg_current_wal_insert_lsn() <= e.lsn + s.page_header, false)
						 THEN interval '0'
						 ELSE greatest(s.now - a.last_archived_time, '0') END END AS exposed_for
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
				* pg_size_bytes(current_setting('wal_segment_size'))) END) AS e (lsn);
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
		 CASE WHEN m.free_percent IS NULL THEN 'unknown'
			  WHEN m.free_percent > 20 THEN 'ok'
			  WHEN m.free_percent > m.minimum_free THEN 'warning' ELSE 'critical' END,
		 coalesce(floor(m.free_percent) || ' %, ' || pg_size_pretty(m.free_bytes) || ', '
				  || erpgo_backup.span(m.now - m.measured_at) || ' ago', 'not measured'), '> 20 %',
		 CASE WHEN m.free_percent IS NULL THEN 'Run erpgo_backup_check().'
			  ELSE 'Free space or keep fewer backups.' END),
		(10, 'WAL archiving',
		 CASE WHEN m.now - w.ready_since >= interval '1 hour' THEN 'critical'
			  WHEN m.now - w.ready_since >= interval '5 minutes' OR w.is_failing THEN 'warning'
			  ELSE 'ok' END,
		 CASE WHEN NOT w.is_on THEN 'archive_mode is off'
			  ELSE w.ready || ' waiting' || coalesce(' for ' || erpgo_backup.span(m.now - w.ready_since), '')
				   || CASE WHEN w.is_failing THEN ', failing' ELSE '' END END,
		 CASE WHEN w.is_on THEN '< 5 min' ELSE '-' END, 'See the archiver''s messages in the log.'),
		(11, 'data at risk',
		 CASE WHEN w.exposed_for < interval '1 hour' THEN 'ok'
			  WHEN w.exposed_for IS NULL AND m.success_age < interval '6 hours' THEN 'ok'
			  WHEN w.exposed_for IS NULL AND m.now < m.planned_at THEN 'ok'
			  WHEN w.exposed_for IS NULL AND m.success_at IS NULL THEN 'unknown'
			  ELSE 'warning' END,
		 coalesce(erpgo_backup.span(w.exposed_for) || ', since WAL was archived',
				  erpgo_backup.span(m.success_age) || ', since the last backup', 'everything'),
		 CASE WHEN w.exposed_for IS NOT NULL THEN '< 1 h'
			  WHEN m.planned_at - m.success_at > interval '6 hours' THEN 'as scheduled' ELSE '< 6 h' END,
		 CASE WHEN w.exposed_for IS NOT NULL THEN 'Set archive_timeout.' ELSE 'Archive WAL to lose less.' END),
		(12, 'running',
		 CASE WHEN job.phase = 'waiting' THEN 'warning' ELSE 'ok' END,
		 coalesce(job.operation || coalesce(' ' || job.type, '') || ', '
				  || coalesce(nullif(job.phase, '') || ', ', '')
				  || coalesce(floor(job.percent) || ' %, ', '')
				  || erpgo_backup.span(m.now - job.started_at), 'nothing'), '-',
		 'It failed and is tried again soon.'),
		(13, 'open alerts',
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
		   extract(epoch FROM coalesce(CASE WHEN w.is_on THEN w.archived_at END, m.success_at))
	FROM erpgo_backup.wal_archiving AS w, erpgo_backup.monitoring AS m;
COMMENT ON VIEW erpgo_backup.metric_of_wal IS 'samples of the archiving of WAL';

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
		   format('The last verification of backup "%s" failed: %s', b.id, b.verification_error), '{}'
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
CREATE VIEW erpgo_backup.condition_of_all AS
	SELECT 'backup_delayed' AS kind, 'full' AS subject, 'warning' AS severity, NULL COLLATE "C" AS backup_id,
		   coalesce('The last good full backup was finished at ' || erpgo_backup.moment(m.success_at) || '.',
					'There is no good full backup.')
		   || ' The next one was due by ' || erpgo_backup.moment(m.due_at) || '.' AS message,
		   jsonb_strip_nulls(jsonb_build_object('due_at', m.due_at, 'success_at', m.success_at)) AS details
	FROM erpgo_backup.monitoring AS m
	WHERE m.now >= m.due_at
	UNION ALL
	SELECT 'low_disk_space', 'repository',
		   CASE WHEN f.is_critical THEN 'critical' ELSE 'warning' END, NULL,
		   format('Only %s %% of the repository''s file system are free: %s of %s. Backups leave %s %% free.',
				  floor(m.free_percent), pg_size_pretty(m.free_bytes), pg_size_pretty(m.total_bytes), m.minimum_free),
		   jsonb_build_object('free_bytes', m.free_bytes, 'total_bytes', m.total_bytes)
	FROM erpgo_backup.monitoring AS m
	LEFT JOIN erpgo_backup.alert AS a
		ON a.kind = 'low_disk_space' AND a.state = 'firing'
	CROSS JOIN LATERAL (
		SELECT m.free_percent < m.minimum_free + CASE a.severity WHEN 'critical' THEN 2 ELSE 0 END,
			   m.free_percent < CASE WHEN a.id IS NULL THEN 20 ELSE 22 END)
		AS f (is_critical, is_low)
	WHERE f.is_critical OR f.is_low
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

CREATE VIEW erpgo_backup.alert_condition AS
	SELECT c.kind, c.subject, c.severity, c.backup_id, c.message, c.details,
		   k.title || CASE c.subject WHEN 'repository' THEN '' ELSE ' (' || c.subject || ')' END AS title
	FROM (SELECT * FROM erpgo_backup.condition_of_backups
		  UNION ALL
		  SELECT * FROM erpgo_backup.condition_of_all) AS c
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

/*
 * The queue.  Notices of an alert go through a channel in order, so the next
 * one is not tried before the one before it has arrived or was given up.
 */

CREATE FUNCTION erpgo_backup.delivery_delay(attempts integer)
RETURNS interval
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT least(interval '1 hour',
				 greatest(interval '100 ms', coalesce(
					 current_setting('erpgo_backup.retry_delay', true), '5s')::interval)
				 * power(2, least(greatest(delivery_delay.attempts, 1), 20) - 1));
END;
COMMENT ON FUNCTION erpgo_backup.delivery_delay(integer)
	IS 'the pause after so many attempts to deliver something';

CREATE VIEW erpgo_backup.delivery_next AS
	SELECT DISTINCT ON (n.alert, d.channel)
		   d.notice, d.channel, n.body, d.status,
		   -- No pause is longer, unless the clock was set back.
		   least(d.next_try_at, clock_timestamp() + interval '1 hour') AS next_try_at
	FROM erpgo_backup.delivery AS d
	JOIN erpgo_backup.notice AS n ON n.id = d.notice
	WHERE d.status IN ('queued', 'sending')
	ORDER BY n.alert, d.channel, d.notice;
COMMENT ON VIEW erpgo_backup.delivery_next IS 'deliveries that may be tried, and when';

CREATE FUNCTION erpgo_backup.deliveries_claim()
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	/* Whoever was sending these was killed. */
	UPDATE erpgo_backup.delivery AS d
	SET status = 'queued'
	WHERE d.status = 'sending';
	WITH due AS (
		SELECT n.notice, n.channel
		FROM erpgo_backup.delivery_next AS n
		WHERE n.next_try_at <= clock_timestamp()
		ORDER BY n.notice
		LIMIT 60),
	claimed AS (
		UPDATE erpgo_backup.delivery AS d
		SET status = 'sending', attempts = d.attempts + 1,
			next_try_at = clock_timestamp() + erpgo_backup.delivery_delay(d.attempts + 1)
		FROM due
		WHERE d.notice = due.notice AND d.channel = due.channel
		RETURNING d.notice)
	SELECT count(*) FROM claimed;
END;
COMMENT ON FUNCTION erpgo_backup.deliveries_claim()
	IS 'marks what a job is to deliver now; how much that is';

CREATE VIEW erpgo_backup.delivery_batch AS
	SELECT coalesce(jsonb_agg(a.body || jsonb_build_object('id', a.notice::text, 'channels', a.channels)
							  ORDER BY a.notice), '[]')::text AS alerts,
		   EXISTS (SELECT FROM erpgo_backup.delivery AS d
				   WHERE d.status = 'sending' AND d.channel = 'heartbeat')::text AS heartbeat
	FROM (SELECT n.notice, n.body, jsonb_agg(n.channel) AS channels
		  FROM erpgo_backup.delivery_next AS n
		  WHERE n.status = 'sending' AND n.channel <> 'heartbeat'
		  GROUP BY n.notice, n.body) AS a;
COMMENT ON VIEW erpgo_backup.delivery_batch IS 'what a job is to deliver, for the engine';

CREATE FUNCTION erpgo_backup.delivery_end(notice text, channel text, outcome text,
	transient text, problem text, OUT title text, OUT status text, OUT attempts integer)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	UPDATE erpgo_backup.delivery AS d
	SET status = o.status,
		error = CASE WHEN o.status IN ('queued', 'failed') THEN delivery_end.problem END,
		ended_at = CASE WHEN o.status <> 'queued' THEN clock_timestamp() END,
		next_try_at = clock_timestamp() + erpgo_backup.delivery_delay(d.attempts)
	FROM erpgo_backup.notice AS n
	CROSS JOIN LATERAL (
		SELECT CASE WHEN delivery_end.outcome = 'failed' AND delivery_end.transient::boolean
						AND n.at > clock_timestamp() - interval '1 day' THEN 'queued'
					ELSE delivery_end.outcome END) AS o (status)
	WHERE n.id = d.notice AND d.status = 'sending'
	AND (delivery_end.notice IS NULL OR d.notice = delivery_end.notice::bigint)
	AND (delivery_end.channel IS NULL OR d.channel = delivery_end.channel)
	RETURNING coalesce(n.body ->> 'title', n.change), o.status, d.attempts;
END;
COMMENT ON FUNCTION erpgo_backup.delivery_end(text, text, text, text, text)
	IS 'notes what became of a delivery, or, for a null, of all that are being sent; what may pass is tried again for a day';

CREATE VIEW erpgo_backup.alert_agenda AS
	SELECT ceil(1000 * extract(epoch FROM least(
				CASE WHEN m.due_at > m.now THEN m.due_at END, r.repeat_at,
				CASE WHEN w.behind_at > m.now THEN w.behind_at
					 WHEN w.behind_at + interval '55 minutes' > m.now
					 THEN w.behind_at + interval '55 minutes' END) - m.now))::bigint AS next_ms,
		   ceil(1000 * extract(epoch FROM
				(SELECT min(d.next_try_at) FROM erpgo_backup.delivery_next AS d) - m.now))::bigint AS delivery_ms,
		   floor(1000 * extract(epoch FROM m.now - m.measured_at))::bigint AS measured_ms_ago
	FROM erpgo_backup.monitoring AS m
	CROSS JOIN (
		SELECT a.ready_since + interval '5 minutes'
		FROM erpgo_backup.wal_archiving AS a) AS w (behind_at)
	CROSS JOIN (
		SELECT min(a.notified_at) + nullif(coalesce(
				   current_setting('erpgo_backup.alert_repeat_interval', true), '6h')::interval, '0')
		FROM erpgo_backup.alert AS a
		WHERE a.state = 'firing' AND a.severity <> 'info') AS r (repeat_at);
COMMENT ON VIEW erpgo_backup.alert_agenda
	IS 'one row: when time alone changes something, and when the room in the repository was measured';

CREATE VIEW @extschema@.erpgo_backup_alerts AS
	SELECT a.state, a.severity, a.title, a.fired_at, a.resolved_at,
		   (SELECT string_agg(d.channel || ' ' || d.status, ', ' ORDER BY d.channel)
			FROM erpgo_backup.delivery AS d
			WHERE d.notice = (SELECT max(n.id) FROM erpgo_backup.notice AS n WHERE n.alert = a.id)
			AND d.status <> 'unconfigured') AS delivery,
		   a.message, a.kind, a.subject, a.backup_id, a.details, a.notified_at, a.id
	FROM erpgo_backup.alert AS a
	ORDER BY a.state, a.fired_at DESC, a.id DESC;
COMMENT ON VIEW @extschema@.erpgo_backup_alerts IS 'alerts, those that are firing first';
GRANT SELECT ON @extschema@.erpgo_backup_alerts TO pg_monitor;

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
	@extschema@.erpgo_backup_sync(),
	@extschema@.erpgo_backup_adopt()
FROM PUBLIC;
REVOKE ALL ON PROCEDURE @extschema@.erpgo_backup_wait(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION erpgo_backup.job_progress(), erpgo_backup.recovery_windows(),
	erpgo_backup.wal_segment(bigint, pg_lsn, bigint),
	@extschema@.erpgo_backup_list()
TO pg_monitor;
GRANT SELECT ON @extschema@.erpgo_backup_progress, @extschema@.erpgo_backup_recovery_window,
	@extschema@.erpgo_backup_history, @extschema@.erpgo_backup_attempts,
	@extschema@.erpgo_backup_audit
TO pg_monitor;
