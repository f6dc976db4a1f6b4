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
		AND audit_add.key IS DISTINCT FROM 'repository'
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

