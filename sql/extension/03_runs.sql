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

