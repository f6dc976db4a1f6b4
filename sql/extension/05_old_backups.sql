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

