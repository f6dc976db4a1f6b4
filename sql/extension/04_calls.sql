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
	INOUT depth text DEFAULT 'archive', repository text DEFAULT NULL,
	OUT verified_at timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.erpgo_backup_verify(text, text, text)
	IS 'reads a backup, or its copy in a further repository, and proves that it is what it was';

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

CREATE FUNCTION erpgo_backup.recovery_windows(OUT repository text, OUT timeline text,
	OUT begins_at text, OUT ends_at text, OUT begin_lsn text, OUT end_lsn text, OUT backups text,
	OUT begins_with text, OUT missing text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'erpgo_backup_recovery_windows';
COMMENT ON FUNCTION erpgo_backup.recovery_windows() IS 'for the view erpgo_backup_recovery_window';

CREATE VIEW @extschema@.erpgo_backup_recovery_window AS
	SELECT w.repository, w.timeline::bigint, w.begins_at::timestamptz, w.ends_at::timestamptz,
		   w.begin_lsn::pg_lsn, w.end_lsn::pg_lsn, w.backups::integer, w.begins_with,
		   w.missing
	FROM erpgo_backup.recovery_windows() AS w
	ORDER BY w.repository, w.timeline::bigint, w.begin_lsn::pg_lsn;
COMMENT ON VIEW @extschema@.erpgo_backup_recovery_window
	IS 'from when to when the cluster can be restored to any moment, by each repository; looks into them';

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

